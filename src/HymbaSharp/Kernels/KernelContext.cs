using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>What every kernel needs besides its operands: the path it runs at, the threads it may use, and scratch memory.</summary>
internal sealed unsafe class KernelContext(KernelPath path, WorkerPool pool) : IDisposable
{
    private readonly NativeBuffer?[] _workers = new NativeBuffer?[pool.Threads];
    private NativeBuffer? _shared;

    public KernelPath Path { get; } = path;

    public WorkerPool Pool { get; } = pool;

    /// <summary>Sees the operands of every product before it is computed: the weights, and the activations [T, in].</summary>
    public Action<WeightMatrix, Matrix>? ProductObserver { get; set; }

    /// <summary>At least <paramref name="floats"/> floats for all workers together; called by the thread that starts the work, before it.</summary>
    public float* SharedScratch(long floats) => Grow(ref _shared, floats);

    /// <summary>At least <paramref name="floats"/> floats for each worker alone; called by the thread that starts the work, before it.</summary>
    public void ReserveWorkerScratch(long floats)
    {
        for (int i = 0; i < _workers.Length; i++)
            Grow(ref _workers[i], floats);
    }

    /// <summary>The scratch of one worker, as large as last reserved or larger.</summary>
    public float* WorkerScratch(int worker) => _workers[worker]!.Floats;

    public void Dispose()
    {
        _shared?.Dispose();
        foreach (NativeBuffer? buffer in _workers)
            buffer?.Dispose();
        Pool.Dispose();
    }

    private static float* Grow(ref NativeBuffer? buffer, long floats)
    {
        if (buffer is null || buffer.Bytes < floats * sizeof(float))
        {
            buffer?.Dispose();
            buffer = new NativeBuffer(floats * sizeof(float));
        }
        return buffer.Floats;
    }
}
