using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Quantises activations into <see cref="BlockPanels"/>: scale = largest magnitude of the block / 127, quants rounded to nearest, ties to even.
/// A block with an infinity or a NaN gets a scale that is none either, so that it shows in every result.
/// </summary>
internal unsafe struct QuantizeWork : IParallelWork
{
    private const float Most = 127;

    // Below it the reciprocal overflows; such a block counts as zero.
    private const float Least = 1e-30f;

    private KernelPath _path;
    private Matrix _x;
    private BlockPanels _panels;
    private int _blockColumns;
    private int _zero;

    public static void Run(KernelContext context, Matrix x, BlockPanels panels, BlockLayout layout)
    {
        QuantizeWork work = new() { _path = context.Path, _x = x, _panels = panels, _blockColumns = layout.BlockColumns, _zero = layout.Zero };
        context.Pool.Run(ref work, BlockPanels.Count(x.Rows));
    }

    public void Execute(int part, int worker)
    {
        int first = _panels.FirstRow(part), rows = _panels.PanelRows(first);
        for (int row = 0; row < rows; row++)
            Quantize(first, rows, row);
    }

    private void Quantize(int first, int rows, int row)
    {
        float* x = _x[first + row];
        sbyte* quants = _panels.Quants + ((nint)first * _panels.PaddedColumns) + (row * BlockLayout.QuadColumns);
        float* scales = _panels.Scales + ((nint)first * _panels.Blocks) + row;
        int* offsets = _panels.Offsets + ((nint)first * _panels.Blocks) + row;
        float* padded = stackalloc float[BlockLayout.ColumnUnit];
        for (int block = 0; block < _panels.Blocks; block++, scales += rows, offsets += rows)
        {
            int column = block * _blockColumns, left = Math.Min(_blockColumns, _x.Columns - column);
            float* values = x + column;
            if (left < _blockColumns)
            {
                new Span<float>(padded, _blockColumns).Clear();
                for (int i = 0; i < left; i++)
                    padded[i] = values[i];
                values = padded;
            }
            int sum = _path == KernelPath.Scalar
                ? ScalarBlock(values, _blockColumns, quants, rows, scales)
                : VectorBlock(values, _blockColumns, quants, rows, scales);
            *offsets = -_zero * sum;
            quants += _blockColumns * rows;
        }
    }

    /// <summary>One block; the sum of its quants.</summary>
    private static int ScalarBlock(float* values, int columns, sbyte* quants, int rows, float* scale)
    {
        float most = 0;
        for (int i = 0; i < columns; i++)
            most = MathF.Max(most, MathF.Abs(values[i]));
        *scale = most < Least ? 0 : most / Most;
        float inverse = most < Least || !float.IsFinite(most) ? 0 : Most / most;
        int sum = 0;
        for (int i = 0; i < columns; i++)
        {
            float scaled = float.IsNaN(values[i]) ? 0 : MathF.Round(values[i] * inverse);
            int quant = float.IsNaN(scaled) ? 0 : (int)scaled;
            quants[(i / BlockLayout.QuadColumns * BlockLayout.QuadColumns * rows) + (i % BlockLayout.QuadColumns)] = (sbyte)quant;
            sum += quant;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int VectorBlock(float* values, int columns, sbyte* quants, int rows, float* scale)
    {
        // As integers, magnitudes have the same order, and a NaN is the largest.
        Vector256<int> top = Vector256<int>.Zero, sign = Vector256.Create(int.MaxValue);
        for (int i = 0; i < columns; i += 8)
            top = Vector256.Max(top, Vector256.Load((int*)values + i) & sign);
        Vector128<int> half = Vector128.Max(top.GetLower(), top.GetUpper());
        half = Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        half = Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2)));
        float most = BitConverter.Int32BitsToSingle(half.ToScalar());
        *scale = most < Least ? 0 : most / Most;
        Vector256<float> inverse = Vector256.Create(most < Least || !float.IsFinite(most) ? 0 : Most / most);
        Vector256<int> sums = Vector256<int>.Zero;
        int stride = BlockLayout.QuadColumns * rows;
        for (int i = 0; i < columns; i += 16, quants += 4 * stride)
        {
            Vector256<int> low = Rounded(Vector256.Load(values + i) * inverse), high = Rounded(Vector256.Load(values + i + 8) * inverse);
            sums += low + high;
            Vector256<short> shorts = Vector256.Narrow(low, high);
            Vector128<int> bytes = Vector128.Narrow(shorts.GetLower(), shorts.GetUpper()).AsInt32();
            Unsafe.WriteUnaligned(quants, bytes[0]);
            Unsafe.WriteUnaligned(quants + stride, bytes[1]);
            Unsafe.WriteUnaligned(quants + (2 * stride), bytes[2]);
            Unsafe.WriteUnaligned(quants + (3 * stride), bytes[3]);
        }
        return Vector256.Sum(sums);
    }

    /// <summary>To the nearest integer, ties to even; a NaN to one whose lowest byte is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Rounded(Vector256<float> values) => Vector256.ConvertToInt32Native(Vector256.Round(values));
}
