using BenchmarkDotNet.Attributes;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Benchmarks;

/// <summary>Matrix products at the shapes of the 1.5B model, BF16 weights.</summary>
public class MatMulBenchmarks
{
    private readonly Operands _operands = new();
    private KernelContext _context = null!;
    private WeightMatrix _weights = null!;
    private Matrix _x;
    private Matrix _y;

    /// <summary>Rows of activations.</summary>
    [Params(1, 4, 20, 128, 512)]
    public int Rows { get; set; }

    /// <summary>out × in.</summary>
    [Params("8960x1600", "1600x3200", "132x3200", "3200x100", "1600x5504")]
    public string Shape { get; set; } = "";

    /// <summary>Kernel path.</summary>
    [ParamsSource(nameof(Paths))]
    public KernelPath Path { get; set; }

    public static IEnumerable<KernelPath> Paths => KernelPaths.Available.Where(path => path != KernelPath.Scalar);

    [GlobalSetup]
    public void Setup()
    {
        int[] shape = [.. Shape.Split('x').Select(int.Parse)];
        _context = new KernelContext(Path, new WorkerPool(Environment.ProcessorCount));
        _weights = _operands.Weights(shape[0], shape[1]);
        _x = _operands.Matrix(Rows, shape[1]);
        _y = _operands.Matrix(Rows, shape[0]);
    }

    [Benchmark]
    public void Multiply() => MatMul.Multiply(_context, _weights, _x, _y);

    [GlobalCleanup]
    public void Cleanup()
    {
        _context.Dispose();
        _operands.Dispose();
    }
}
