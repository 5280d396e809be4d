using BenchmarkDotNet.Attributes;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Benchmarks;

/// <summary>The selective scan of one layer of the 1.5B model.</summary>
public class ScanBenchmarks
{
    private const int Channels = 3200;
    private const int States = 16;

    private readonly Operands _operands = new();
    private KernelContext _context = null!;
    private ScanOperands _scan;
    private Matrix _state;

    /// <summary>Tokens.</summary>
    [Params(1, 512)]
    public int Rows { get; set; }

    /// <summary>Kernel path.</summary>
    [ParamsSource(nameof(Paths))]
    public KernelPath Path { get; set; }

    public static IEnumerable<KernelPath> Paths => KernelPaths.Available;

    [GlobalSetup]
    public unsafe void Setup()
    {
        _context = new KernelContext(Path, new WorkerPool(Environment.ProcessorCount));
        _state = _operands.Matrix(States, Channels);
        Matrix delta = _operands.Matrix(Rows, Channels), decay = _operands.Matrix(States, Channels);
        for (int row = 0; row < Rows; row++)
        {
            foreach (ref float value in delta.Row(row))
                value = MathF.Abs(value);
        }
        for (int row = 0; row < States; row++)
        {
            foreach (ref float value in decay.Row(row))
                value = -MathF.Abs(value);
        }
        _scan = new ScanOperands
        {
            A = decay,
            Skip = _operands.Matrix(1, Channels).Data,
            Delta = delta,
            C = _operands.Matrix(Rows, Channels),
            InputB = _operands.Matrix(Rows, States),
            OutputC = _operands.Matrix(Rows, States),
            Gate = _operands.Matrix(Rows, Channels),
            Y = _operands.Matrix(Rows, Channels),
        };
    }

    [Benchmark]
    public unsafe void Scan()
    {
        SequenceSlice slice = new() { Start = 0, Count = Rows, ScanState = _state.Data };
        SelectiveScan.Apply(_context, _scan, new Span<SequenceSlice>(ref slice));
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _context.Dispose();
        _operands.Dispose();
    }
}
