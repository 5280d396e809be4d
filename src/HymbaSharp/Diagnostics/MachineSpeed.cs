using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Diagnostics;

/// <summary>
/// What this machine can do at the moment, measured with the threads and kernels a model uses: the two limits that a decode step
/// (reading weights) and a prefill (arithmetic) run against. Machines are shared and change by the hour, so measure next to what is compared.
/// </summary>
public sealed class MachineSpeed : IDisposable
{
    // Far beyond any cache, so that what is read comes from memory.
    private const long BufferBytes = 512L << 20;
    private const int PartBytes = 1 << 18;
    private const int MultiplyAddsPerPart = 4_000_000;
    private const int PartsPerThread = 32;

    private readonly WorkerPool _pool;
    private readonly NativeBuffer _buffer = new(BufferBytes);
    private readonly KernelPath _path;

    /// <summary>Readies a measurement; takes half a gigabyte of memory until disposed.</summary>
    public unsafe MachineSpeed(int threads, KernelPath path)
    {
        PageTable.PreferHugePages(_buffer.Floats, BufferBytes);
        _pool = new WorkerPool(threads);
        _path = path;
        for (long i = 0; i < BufferBytes; i += PartBytes)
            _buffer.AsSpan(i, PartBytes).Fill(1);
        _ = ReadBytesPerSecond();
        _ = FloatOperationsPerSecond();
        _ = IntegerOperationsPerSecond();
    }

    /// <summary>Memory read, in bytes per second: one pass over half a gigabyte with the widest loads, each thread in order.</summary>
    public unsafe double ReadBytesPerSecond()
    {
        ReadProbe work = new() { Path = _path, Data = _buffer.Floats, PartBytes = PartBytes };
        long start = Stopwatch.GetTimestamp();
        _pool.Run(ref work, (int)(BufferBytes / PartBytes));
        return BufferBytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>float32 arithmetic, in operations per second, a multiply-add counting two: independent multiply-adds on registers alone.</summary>
    public double FloatOperationsPerSecond() => FloatOperationsPerSecond(_pool, _path);

    /// <summary>The same with threads of the caller's.</summary>
    internal static double FloatOperationsPerSecond(WorkerPool pool, KernelPath path)
    {
        int parts = PartsPerThread * pool.Threads;
        ArithmeticProbe work = new() { Path = path, Steps = MultiplyAddsPerPart / ArithmeticProbe.Sums };
        long start = Stopwatch.GetTimestamp();
        pool.Run(ref work, parts);
        double operations = 2.0 * parts * work.Steps * ArithmeticProbe.Sums * work.Lanes;
        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Products of bytes, in operations per second, a multiply-add counting two: with the instructions that quantised weights use, on registers alone.</summary>
    public double IntegerOperationsPerSecond()
    {
        int parts = PartsPerThread * _pool.Threads;
        IntegerProbe work = new() { Path = _path, Steps = MultiplyAddsPerPart / IntegerProbe.Sums };
        long start = Stopwatch.GetTimestamp();
        _pool.Run(ref work, parts);
        double operations = 2.0 * parts * work.Steps * IntegerProbe.Sums * work.Products;
        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Frees memory and threads.</summary>
    public void Dispose()
    {
        _pool.Dispose();
        _buffer.Dispose();
    }
}
