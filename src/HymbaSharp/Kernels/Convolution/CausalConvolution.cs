using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>
/// c[t] = silu(bias + Σⱼ weight[j] · s[t − K + 1 + j]), causal, each channel by itself (arXiv 2312.00752, section 3.4). The K − 1 inputs
/// before a step come from the sequence's tail, which is left holding the last K − 1 inputs of the step.
/// </summary>
internal unsafe struct CausalConvolution : IParallelWork
{
    private const int ChannelsPerPart = 256;

    private KernelPath _path;
    private Matrix _weights;
    private float* _bias;
    private Matrix _s;
    private Matrix _c;
    private SequenceSlice* _slices;
    private int _partsPerSlice;

    /// <param name="context">Path and threads.</param>
    /// <param name="weights">[K, I]: the checkpoint's conv1d.weight, taps outside.</param>
    /// <param name="bias">[I].</param>
    /// <param name="s">SSM inputs [T, I].</param>
    /// <param name="c">Results [T, I]; may not overlap s.</param>
    /// <param name="slices">Whose rows are whose, and their tails.</param>
    public static void Apply(KernelContext context, Matrix weights, ReadOnlySpan<float> bias, Matrix s, Matrix c, Span<SequenceSlice> slices)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Length, weights.Columns);
        if (s.Columns != weights.Columns || c.Columns != weights.Columns || c.Rows != s.Rows)
            throw new ArgumentException($"Convolution over {weights.Columns} channels: inputs are [{s.Rows}, {s.Columns}], results [{c.Rows}, {c.Columns}].");
        fixed (float* b = bias)
        fixed (SequenceSlice* all = slices)
        {
            CausalConvolution work = new()
            {
                _path = context.Path,
                _weights = weights,
                _bias = b,
                _s = s,
                _c = c,
                _slices = all,
                _partsPerSlice = (weights.Columns + ChannelsPerPart - 1) / ChannelsPerPart,
            };
            context.Pool.Run(ref work, slices.Length * work._partsPerSlice);
        }
    }

    public readonly void Execute(int part, int worker)
    {
        SequenceSlice slice = _slices[part / _partsPerSlice];
        int start = part % _partsPerSlice * ChannelsPerPart;
        int count = Math.Min(ChannelsPerPart, _weights.Columns - start);
        Matrix s = _s.SliceRows(slice.Start, slice.Count).Slice(start, count);
        Matrix c = _c.SliceRows(slice.Start, slice.Count).Slice(start, count);
        Matrix weights = _weights.Slice(start, count);
        Matrix tail = new Matrix(slice.ConvolutionTail, weights.Rows - 1, _weights.Columns, _weights.Columns).Slice(start, count);
        switch (_path)
        {
            case KernelPath.Scalar:
                ScalarConvolution.Apply(weights, _bias + start, tail, s, c);
                break;
            case KernelPath.Vector128:
                VectorConvolution<Simd128, Vector128<float>>.Apply(weights, _bias + start, tail, s, c);
                break;
            case KernelPath.Vector256:
                VectorConvolution<Simd256, Vector256<float>>.Apply(weights, _bias + start, tail, s, c);
                break;
            default:
                VectorConvolution<Simd512, Vector512<float>>.Apply(weights, _bias + start, tail, s, c);
                break;
        }
        if (!slice.Slots.KeepsRows)
            Keep(tail, s, tail);
        for (int rows = 1; slice.Slots.KeepsRows && rows <= s.Rows; rows++)
            Keep(tail, s.SliceRows(0, rows), new Matrix(slice.Slots.After(slice.ConvolutionTail, rows), tail.Rows, _weights.Columns, _weights.Columns).Slice(start, count));
    }

    // The last K − 1 of (tail, s). Going upwards, a row is read before it is overwritten.
    private static void Keep(Matrix tail, Matrix s, Matrix kept)
    {
        for (int row = 0; row < tail.Rows; row++)
        {
            int from = s.Rows - tail.Rows + row;
            Span<float> source = from < 0 ? tail.Row(from + tail.Rows) : s.Row(from);
            source.CopyTo(kept.Row(row));
        }
    }
}
