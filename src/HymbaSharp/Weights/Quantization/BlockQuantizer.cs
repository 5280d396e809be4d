using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;

namespace HymbaSharp.Weights;

/// <summary>
/// Quantises rows of weights into a group of blocks, the same bytes on every machine. Q8: the largest magnitude of a block becomes 127. Q4: of
/// nineteen scales around the one that makes the largest magnitude −8, each then refitted by least squares, the one with the least squared error.
/// </summary>
internal static unsafe class BlockQuantizer
{
    private const int TrialsEachWay = 9;
    private const float TrialStep = 0.1f;

    /// <summary>Writes one group.</summary>
    /// <param name="layout">Of the whole matrix.</param>
    /// <param name="rows">Up to sixteen rows [rows, in], finite.</param>
    /// <param name="importance">How much the error of a column counts [in], above 0; or none: all the same.</param>
    /// <param name="group"><see cref="BlockLayout.GroupBytes"/> bytes.</param>
    public static void Write(BlockLayout layout, ReadOnlySpan<float> rows, ReadOnlySpan<float> importance, Span<byte> group)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(group.Length, layout.GroupBytes);
        int count = rows.Length / layout.Columns;
        if (rows.Length != count * layout.Columns || count > BlockLayout.GroupRows)
            throw new ArgumentException($"{rows.Length} weights are not up to {BlockLayout.GroupRows} rows of {layout.Columns}.", nameof(rows));
        if (!importance.IsEmpty)
            ArgumentOutOfRangeException.ThrowIfNotEqual(importance.Length, layout.Columns);

        group[..layout.QuantOffset].Clear();
        group[layout.QuantOffset..].Fill((byte)(layout.Type == WeightType.Q8 ? layout.Zero : layout.Zero | (layout.Zero << 4)));
        float* weights = stackalloc float[BlockLayout.ColumnUnit];
        float* factors = stackalloc float[BlockLayout.ColumnUnit];
        sbyte* quants = stackalloc sbyte[BlockLayout.ColumnUnit];
        for (int row = 0; row < count; row++)
        {
            for (int block = 0; block < layout.Blocks; block++)
            {
                int first = block * layout.BlockColumns, columns = Math.Clamp(layout.Columns - first, 0, layout.BlockColumns);
                if (columns == 0)
                    continue;
                Fill(rows.Slice((row * layout.Columns) + first, columns), weights, layout.BlockColumns, 0);
                Fill(importance.IsEmpty ? [] : importance.Slice(first, columns), factors, layout.BlockColumns, 1);
                ushort scale = layout.Type == WeightType.Q8 ? Quantize8(weights, quants) : Quantize4(weights, factors, quants);
                Unsafe.WriteUnaligned(ref group[(int)layout.ScaleOffset(row, block)], scale);
                for (int i = 0; i < columns; i++)
                {
                    (long offset, int shift) = layout.QuantPlace(row, first + i);
                    ref byte place = ref group[(int)offset];
                    place = layout.Type == WeightType.Q8 ? (byte)(quants[i] + layout.Zero) : (byte)((place & ~(15 << shift)) | ((quants[i] + layout.Zero) << shift));
                }
            }
        }
    }

    /// <summary>Reads a row back as the kernels see it.</summary>
    public static void CopyRow(WeightMatrix matrix, int row, Span<float> destination)
    {
        BlockLayout layout = matrix.Blocks!.Value;
        for (int column = 0; column < layout.Columns; column++)
        {
            int mask = layout.Type == WeightType.Q4 ? 15 : 255;
            (long offset, int shift) = layout.QuantPlace(row, column);
            float scale = Widened(Unsafe.ReadUnaligned<ushort>(matrix.Data + layout.ScaleOffset(row, column / layout.BlockColumns)));
            destination[column] = scale * (((matrix.Data[offset] >> shift) & mask) - layout.Zero);
        }
    }

    private static void Fill(ReadOnlySpan<float> values, float* destination, int columns, float padding)
    {
        Span<float> all = new(destination, columns);
        values.CopyTo(all);
        all[values.Length..].Fill(padding);
    }

    private static ushort Quantize8(float* weights, sbyte* quants)
    {
        float most = 0;
        for (int i = 0; i < 64; i++)
            most = MathF.Max(most, MathF.Abs(weights[i]));
        ushort scale = RoundedUp(most / 127);
        float inverse = Widened(scale) > 0 ? 1 / Widened(scale) : 0;
        if (!float.IsFinite(inverse))
            (scale, inverse) = (0, 0);
        for (int i = 0; i < 64; i++)
            quants[i] = (sbyte)Math.Clamp((int)MathF.Round(weights[i] * inverse), -127, 127);
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ushort Quantize4(float* weights, float* factors, sbyte* quants)
    {
        float extreme = 0;
        for (int i = 0; i < 32; i++)
            extreme = MathF.Abs(weights[i]) > MathF.Abs(extreme) ? weights[i] : extreme;
        ushort best = 0;
        float leastError = float.PositiveInfinity;
        for (int trial = -TrialsEachWay; trial <= TrialsEachWay && MathF.Abs(extreme) > 1e-30f; trial++)
        {
            float inverse = -(8 + (TrialStep * trial)) / extreme;
            Vector256<float> dot = Vector256<float>.Zero, square = Vector256<float>.Zero;
            for (int i = 0; i < 32; i += 8)
            {
                Vector256<float> q = Nibbles(weights + i, inverse), weighted = q * Vector256.Load(factors + i);
                dot += weighted * Vector256.Load(weights + i);
                square += weighted * q;
            }
            float norm = Vector256.Sum(square);
            if (norm == 0)
                continue;
            ushort scale = StoredBFloat16.Narrow(Vector256.Sum(dot) / norm);
            float error = Error(weights, factors, Widened(scale));
            if (error < leastError)
                (best, leastError) = (scale, error);
        }
        Vector256<float> least = Vector256.Create(Widened(best));
        for (int i = 0; i < 32; i += 8)
        {
            Vector256<float> q = Widened(best) == 0 ? Vector256<float>.Zero : Nibbles(weights + i, 1 / least[0]);
            for (int j = 0; j < 8; j++)
                quants[i + j] = (sbyte)q[j];
        }
        return best;
    }

    /// <summary>The squared error of the nearest quants under a scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Error(float* weights, float* factors, float scale)
    {
        if (scale == 0)
            return float.PositiveInfinity;
        Vector256<float> error = Vector256<float>.Zero, step = Vector256.Create(scale);
        for (int i = 0; i < 32; i += 8)
        {
            Vector256<float> difference = Vector256.Load(weights + i) - (Nibbles(weights + i, 1 / scale) * step);
            error += difference * difference * Vector256.Load(factors + i);
        }
        return Vector256.Sum(error);
    }

    /// <summary>The nearest of −8 … 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Nibbles(float* weights, float inverse) =>
        Vector256.Clamp(Vector256.Round(Vector256.Load(weights) * Vector256.Create(inverse)), Vector256.Create(-8f), Vector256.Create(7f));

    private static float Widened(ushort bfloat16) => BitConverter.UInt32BitsToSingle((uint)bfloat16 << 16);

    /// <summary>The least bfloat16 that is not below a value ≥ 0.</summary>
    private static ushort RoundedUp(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0xFFFF) >> 16);
}
