using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp.Adapters;

/// <summary>
/// A matrix with its updates applied one after the other, row by row in float64: W ← W + s·B·A, and for DoRA (arXiv 2402.09353, equation 5)
/// each row then times its gain, m / ‖row‖.
/// </summary>
internal sealed unsafe class AdaptedMatrix
{
    // Sums of a panel stay in registers while all rows of A pass.
    private const int PanelVectors = 4;

    private readonly WeightMatrix _weights;
    private readonly ImmutableArray<LowRankUpdate> _updates;
    private readonly double[][] _panels; // A of each update, [in / panel][r][panel], the last panel padded with zeros
    private readonly int _paddedColumns;

    public AdaptedMatrix(WeightMatrix weights, ImmutableArray<LowRankUpdate> updates)
    {
        _weights = weights;
        _updates = updates;
        _paddedColumns = (weights.Columns + PanelColumns - 1) / PanelColumns * PanelColumns;
        _panels = [.. updates.Select(update => Pack(update.Down))];
    }

    private static int PanelColumns => PanelVectors * Vector<double>.Count;

    /// <summary>The gains [out] of each update; none [0] for an update without magnitudes.</summary>
    public float[][] Gains()
    {
        float[][] gains = [.. _updates.Select(update => new float[update.Magnitudes?.Length ?? 0])];
        if (gains.Any(update => update.Length > 0))
            ForEachRow(0, _weights.Rows, (row, buffers) => Compute(row, buffers, gains));
        return gains;
    }

    /// <summary>Writes the rows from <paramref name="first"/> on, <paramref name="count"/> of them, rounded once to float32, to <paramref name="rows"/> [count · in].</summary>
    public void CopyRows(int first, int count, float[] rows) => ForEachRow(first, count, (row, buffers) =>
    {
        Compute(row, buffers, gains: null);
        Span<float> copy = rows.AsSpan((row - first) * _weights.Columns, _weights.Columns);
        for (int i = 0; i < copy.Length; i++)
            copy[i] = (float)buffers.Row[i];
    });

    private void ForEachRow(int first, int count, Action<int, Buffers> action) => _ = Parallel.For(
        first, first + count, () => new Buffers(_weights.Columns, _paddedColumns), (row, _, buffers) =>
        {
            action(row, buffers);
            return buffers;
        }, _ => { });

    private void Compute(int row, Buffers buffers, float[][]? gains)
    {
        MatMul.CopyRow(_weights, row, buffers.Singles);
        Widen(buffers.Singles, buffers.Row);
        // Zeros times an infinite factor of the row before may have left NaN in the padding.
        buffers.Row.AsSpan(_weights.Columns).Clear();
        for (int update = 0; update < _updates.Length; update++)
        {
            LowRankUpdate low = _updates[update];
            Span<float> factors = buffers.Factors(low.Up.Columns);
            MatMul.CopyRow(low.Up, row, factors);
            fixed (float* b = factors)
            fixed (double* a = _panels[update], values = buffers.Row)
                Add(b, low.Scale, factors.Length, a, values, _paddedColumns);
            if (low.Magnitudes is not { } magnitudes)
                continue;
            double norm;
            fixed (double* values = buffers.Row)
                norm = Math.Sqrt(SumOfSquares(values, _paddedColumns));
            // A row of zeros has no direction to give a length to.
            double gain = norm > 0 ? magnitudes[row] / norm : 0;
            if (gains is not null)
                gains[update][row] = (float)gain;
            Multiply(buffers.Row, gain);
        }
    }

    /// <summary>values += scale · b·A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* b, double scale, int rank, double* panel, double* values, int columns)
    {
        int width = Vector<double>.Count;
        for (double* end = values + columns; values < end; values += PanelVectors * width)
        {
            Vector<double> s0 = Vector.Load(values), s1 = Vector.Load(values + width), s2 = Vector.Load(values + (2 * width)), s3 = Vector.Load(values + (3 * width));
            for (int k = 0; k < rank; k++, panel += PanelVectors * width)
            {
                Vector<double> factor = new(scale * b[k]);
                s0 = Vector.FusedMultiplyAdd(factor, Vector.Load(panel), s0);
                s1 = Vector.FusedMultiplyAdd(factor, Vector.Load(panel + width), s1);
                s2 = Vector.FusedMultiplyAdd(factor, Vector.Load(panel + (2 * width)), s2);
                s3 = Vector.FusedMultiplyAdd(factor, Vector.Load(panel + (3 * width)), s3);
            }
            Vector.Store(s0, values);
            Vector.Store(s1, values + width);
            Vector.Store(s2, values + (2 * width));
            Vector.Store(s3, values + (3 * width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(float[] source, double[] values)
    {
        int i = 0;
        for (; i + Vector<float>.Count <= source.Length; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(source, i), out Vector<double> low, out Vector<double> high);
            low.CopyTo(values, i);
            high.CopyTo(values, i + Vector<double>.Count);
        }
        for (; i < source.Length; i++)
            values[i] = source[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(double[] values, double factor)
    {
        for (int i = 0; i < values.Length; i += Vector<double>.Count)
            (new Vector<double>(values, i) * factor).CopyTo(values, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(double* values, int count)
    {
        int width = Vector<double>.Count;
        Vector<double> even = Vector<double>.Zero, odd = Vector<double>.Zero;
        for (int i = 0; i < count; i += 2 * width)
        {
            Vector<double> first = Vector.Load(values + i), second = Vector.Load(values + i + width);
            even = Vector.FusedMultiplyAdd(first, first, even);
            odd = Vector.FusedMultiplyAdd(second, second, odd);
        }
        return Vector.Sum(even + odd);
    }

    private static double[] Pack(WeightMatrix down)
    {
        int panels = (down.Columns + PanelColumns - 1) / PanelColumns;
        double[] packed = new double[panels * down.Rows * PanelColumns];
        float[] row = new float[down.Columns];
        for (int k = 0; k < down.Rows; k++)
        {
            MatMul.CopyRow(down, k, row);
            for (int i = 0; i < row.Length; i++)
                packed[(((i / PanelColumns * down.Rows) + k) * PanelColumns) + (i % PanelColumns)] = row[i];
        }
        return packed;
    }

    /// <summary>What one thread works in.</summary>
    private sealed class Buffers(int columns, int paddedColumns)
    {
        private float[] _factors = [];

        public float[] Singles { get; } = new float[columns];

        public double[] Row { get; } = new double[paddedColumns];

        public Span<float> Factors(int rank)
        {
            if (_factors.Length < rank)
                _factors = new float[rank];
            return _factors.AsSpan(0, rank);
        }
    }
}
