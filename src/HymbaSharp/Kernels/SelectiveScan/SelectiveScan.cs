using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>
/// The selective state space recurrence (arXiv 2312.00752, equation 2 with the discretisation of its reference code), gated:
/// h ← exp(Δ⊗A)·h + (Δ·c)⊗B; y = (h·C + D·c) · silu(gate). Channels are independent, so they are both the vector's lanes and the parts;
/// the state lies [N, I] so that a vector of channels needs no sum across lanes.
/// </summary>
internal unsafe struct SelectiveScan : IParallelWork
{
    private const int ChannelsPerPart = 256;

    private KernelPath _path;
    private ScanOperands _operands;
    private SequenceSlice* _slices;
    private int _partsPerSlice;

    /// <summary>Advances each slice's state over its rows and writes y.</summary>
    public static void Apply(KernelContext context, in ScanOperands operands, Span<SequenceSlice> slices)
    {
        int channels = operands.A.Columns, states = operands.A.Rows;
        if (operands.Delta.Columns != channels || operands.C.Columns != channels || operands.Gate.Columns != channels || operands.Y.Columns != channels)
            throw new ArgumentException($"Selective scan over {channels} channels: Δ has {operands.Delta.Columns}, c {operands.C.Columns}, gate {operands.Gate.Columns}, y {operands.Y.Columns}.");
        if (operands.InputB.Columns != states || operands.OutputC.Columns != states)
            throw new ArgumentException($"Selective scan over {states} states: B has {operands.InputB.Columns}, C {operands.OutputC.Columns}.");
        int rows = operands.Y.Rows;
        if (operands.Delta.Rows != rows || operands.C.Rows != rows || operands.Gate.Rows != rows || operands.InputB.Rows != rows || operands.OutputC.Rows != rows)
            throw new ArgumentException($"Selective scan over {rows} rows: an operand has another number of rows.");
        fixed (SequenceSlice* all = slices)
        {
            SelectiveScan work = new()
            {
                _path = context.Path,
                _operands = operands,
                _slices = all,
                _partsPerSlice = (channels + ChannelsPerPart - 1) / ChannelsPerPart,
            };
            context.Pool.Run(ref work, slices.Length * work._partsPerSlice);
        }
    }

    public readonly void Execute(int part, int worker)
    {
        SequenceSlice slice = _slices[part / _partsPerSlice];
        int start = part % _partsPerSlice * ChannelsPerPart;
        int end = Math.Min(start + ChannelsPerPart, _operands.A.Columns);
        ScanOperands rows = _operands.SliceRows(slice.Start, slice.Count);
        switch (_path)
        {
            case KernelPath.Scalar:
                ScalarScan.Apply(rows, slice.ScanState, slice.Slots, start, end);
                break;
            case KernelPath.Vector128:
                VectorScan<Simd128, Vector128<float>>.Apply(rows, slice.ScanState, slice.Slots, start, end);
                break;
            case KernelPath.Vector256:
                VectorScan<Simd256, Vector256<float>>.Apply(rows, slice.ScanState, slice.Slots, start, end);
                break;
            default:
                VectorScan<Simd512, Vector512<float>>.Apply(rows, slice.ScanState, slice.Slots, start, end);
                break;
        }
    }
}

/// <summary>What a scan reads and writes.</summary>
internal readonly unsafe struct ScanOperands
{
    /// <summary>A = −exp(A_log) [N, I].</summary>
    public Matrix A { get; init; }

    /// <summary>D [I].</summary>
    public float* Skip { get; init; }

    /// <summary>Δ [T, I].</summary>
    public Matrix Delta { get; init; }

    /// <summary>c, the convolved inputs [T, I].</summary>
    public Matrix C { get; init; }

    /// <summary>B [T, N].</summary>
    public Matrix InputB { get; init; }

    /// <summary>C [T, N].</summary>
    public Matrix OutputC { get; init; }

    /// <summary>The gate [T, I].</summary>
    public Matrix Gate { get; init; }

    /// <summary>y [T, I]; may be C or Delta.</summary>
    public Matrix Y { get; init; }

    /// <summary>The same for some of the rows.</summary>
    public ScanOperands SliceRows(int start, int count) => this with
    {
        Delta = Delta.SliceRows(start, count),
        C = C.SliceRows(start, count),
        InputB = InputB.SliceRows(start, count),
        OutputC = OutputC.SliceRows(start, count),
        Gate = Gate.SliceRows(start, count),
        Y = Y.SliceRows(start, count),
    };
}
