using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// What <see cref="BlockKernel{D, V, S, F, B}"/> computes, to the bit, with AVX-512: quants are taken apart into four bits, whose products with
/// bytes sum up in 16 bits over a run, so that sixteen rows times four columns are one multiplication and one addition. Q4 has half the
/// multiplications that 256-bit dot products take, Q8 the same number.
/// </summary>
internal static unsafe class NibbleKernel<B> where B : struct, INibbleFormat
{
    private const int QuadBytes = BlockLayout.QuadColumns;
    private const int LineBytes = 64;

    /// <inheritdoc cref="BlockKernel{D, V, S, F, B}.Multiply"/>
    public static void Multiply(ushort* group, byte* weights, sbyte* x, float* scales, int* offsets, int rows, int blocks, Prefetch ahead, float* y)
    {
        switch (rows)
        {
            case 1:
                Multiply1(group, weights, x, scales, offsets, blocks, ahead, y);
                break;
            case 2:
                Multiply2(group, weights, x, scales, offsets, blocks, ahead, y);
                break;
            case 4:
                Multiply4(group, weights, x, scales, offsets, blocks, ahead, y);
                break;
            default:
                Multiply6(group, weights, x, scales, offsets, blocks, ahead, y);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        Vector512<float> y0 = Vector512.Load(y);
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales++, offsets++)
        {
            ahead.Step();
            Vector512<int> s0 = Vector512.Create(offsets[0]);
            for (int run = 0; run < B.Runs; run++)
            {
                Vector512<short> l0 = Vector512<short>.Zero, h0 = Vector512<short>.Zero;
                for (int line = 0; line < B.Lines; line++, w += LineBytes, x += B.Quads * 1 * QuadBytes)
                {
                    Vector512<byte> low = Low(w), high = High(w);
                    Add(low, high, x, x + QuadBytes, ref l0, ref h0);
                }
                s0 += B.Widen(l0, h0);
            }
            Vector512<float> scale = Simd512.LoadBFloat16(group);
            y0 = Scaled(s0, scale, scales[0], y0);
        }
        y0.Store(y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        Vector512<float> y0 = Vector512.Load(y), y1 = Vector512.Load(y + BlockLayout.GroupRows);
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 2, offsets += 2)
        {
            ahead.Step();
            Vector512<int> s0 = Vector512.Create(offsets[0]), s1 = Vector512.Create(offsets[1]);
            for (int run = 0; run < B.Runs; run++)
            {
                Vector512<short> l0 = Vector512<short>.Zero, h0 = Vector512<short>.Zero, l1 = Vector512<short>.Zero, h1 = Vector512<short>.Zero;
                for (int line = 0; line < B.Lines; line++, w += LineBytes, x += B.Quads * 2 * QuadBytes)
                {
                    Vector512<byte> low = Low(w), high = High(w);
                    Add(low, high, x, x + (2 * QuadBytes), ref l0, ref h0);
                    Add(low, high, x + QuadBytes, x + (3 * QuadBytes), ref l1, ref h1);
                }
                s0 += B.Widen(l0, h0);
                s1 += B.Widen(l1, h1);
            }
            Vector512<float> scale = Simd512.LoadBFloat16(group);
            y0 = Scaled(s0, scale, scales[0], y0);
            y1 = Scaled(s1, scale, scales[1], y1);
        }
        y0.Store(y);
        y1.Store(y + BlockLayout.GroupRows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        Vector512<float> y0 = Vector512.Load(y), y1 = Vector512.Load(y + BlockLayout.GroupRows), y2 = Vector512.Load(y + (2 * BlockLayout.GroupRows)), y3 = Vector512.Load(y + (3 * BlockLayout.GroupRows));
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 4, offsets += 4)
        {
            ahead.Step();
            Vector512<int> s0 = Vector512.Create(offsets[0]), s1 = Vector512.Create(offsets[1]), s2 = Vector512.Create(offsets[2]), s3 = Vector512.Create(offsets[3]);
            for (int run = 0; run < B.Runs; run++)
            {
                Vector512<short> l0 = Vector512<short>.Zero, h0 = Vector512<short>.Zero, l1 = Vector512<short>.Zero, h1 = Vector512<short>.Zero, l2 = Vector512<short>.Zero, h2 = Vector512<short>.Zero, l3 = Vector512<short>.Zero, h3 = Vector512<short>.Zero;
                for (int line = 0; line < B.Lines; line++, w += LineBytes, x += B.Quads * 4 * QuadBytes)
                {
                    Vector512<byte> low = Low(w), high = High(w);
                    Add(low, high, x, x + (4 * QuadBytes), ref l0, ref h0);
                    Add(low, high, x + QuadBytes, x + (5 * QuadBytes), ref l1, ref h1);
                    Add(low, high, x + (2 * QuadBytes), x + (6 * QuadBytes), ref l2, ref h2);
                    Add(low, high, x + (3 * QuadBytes), x + (7 * QuadBytes), ref l3, ref h3);
                }
                s0 += B.Widen(l0, h0);
                s1 += B.Widen(l1, h1);
                s2 += B.Widen(l2, h2);
                s3 += B.Widen(l3, h3);
            }
            Vector512<float> scale = Simd512.LoadBFloat16(group);
            y0 = Scaled(s0, scale, scales[0], y0);
            y1 = Scaled(s1, scale, scales[1], y1);
            y2 = Scaled(s2, scale, scales[2], y2);
            y3 = Scaled(s3, scale, scales[3], y3);
        }
        y0.Store(y);
        y1.Store(y + BlockLayout.GroupRows);
        y2.Store(y + (2 * BlockLayout.GroupRows));
        y3.Store(y + (3 * BlockLayout.GroupRows));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply6(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        Vector512<float> y0 = Vector512.Load(y), y1 = Vector512.Load(y + BlockLayout.GroupRows), y2 = Vector512.Load(y + (2 * BlockLayout.GroupRows)), y3 = Vector512.Load(y + (3 * BlockLayout.GroupRows)), y4 = Vector512.Load(y + (4 * BlockLayout.GroupRows)), y5 = Vector512.Load(y + (5 * BlockLayout.GroupRows));
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 6, offsets += 6)
        {
            ahead.Step();
            Vector512<int> s0 = Vector512.Create(offsets[0]), s1 = Vector512.Create(offsets[1]), s2 = Vector512.Create(offsets[2]), s3 = Vector512.Create(offsets[3]), s4 = Vector512.Create(offsets[4]), s5 = Vector512.Create(offsets[5]);
            for (int run = 0; run < B.Runs; run++)
            {
                Vector512<short> l0 = Vector512<short>.Zero, h0 = Vector512<short>.Zero, l1 = Vector512<short>.Zero, h1 = Vector512<short>.Zero, l2 = Vector512<short>.Zero, h2 = Vector512<short>.Zero, l3 = Vector512<short>.Zero, h3 = Vector512<short>.Zero, l4 = Vector512<short>.Zero, h4 = Vector512<short>.Zero, l5 = Vector512<short>.Zero, h5 = Vector512<short>.Zero;
                for (int line = 0; line < B.Lines; line++, w += LineBytes, x += B.Quads * 6 * QuadBytes)
                {
                    Vector512<byte> low = Low(w), high = High(w);
                    Add(low, high, x, x + (6 * QuadBytes), ref l0, ref h0);
                    Add(low, high, x + QuadBytes, x + (7 * QuadBytes), ref l1, ref h1);
                    Add(low, high, x + (2 * QuadBytes), x + (8 * QuadBytes), ref l2, ref h2);
                    Add(low, high, x + (3 * QuadBytes), x + (9 * QuadBytes), ref l3, ref h3);
                    Add(low, high, x + (4 * QuadBytes), x + (10 * QuadBytes), ref l4, ref h4);
                    Add(low, high, x + (5 * QuadBytes), x + (11 * QuadBytes), ref l5, ref h5);
                }
                s0 += B.Widen(l0, h0);
                s1 += B.Widen(l1, h1);
                s2 += B.Widen(l2, h2);
                s3 += B.Widen(l3, h3);
                s4 += B.Widen(l4, h4);
                s5 += B.Widen(l5, h5);
            }
            Vector512<float> scale = Simd512.LoadBFloat16(group);
            y0 = Scaled(s0, scale, scales[0], y0);
            y1 = Scaled(s1, scale, scales[1], y1);
            y2 = Scaled(s2, scale, scales[2], y2);
            y3 = Scaled(s3, scale, scales[3], y3);
            y4 = Scaled(s4, scale, scales[4], y4);
            y5 = Scaled(s5, scale, scales[5], y5);
        }
        y0.Store(y);
        y1.Store(y + BlockLayout.GroupRows);
        y2.Store(y + (2 * BlockLayout.GroupRows));
        y3.Store(y + (3 * BlockLayout.GroupRows));
        y4.Store(y + (4 * BlockLayout.GroupRows));
        y5.Store(y + (5 * BlockLayout.GroupRows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Low(byte* line) => Vector512.Load(line) & Vector512.Create((byte)0x0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High(byte* line) => Vector512.ShiftRightLogical(Vector512.Load((ushort*)line), 4).AsByte() & Vector512.Create((byte)0x0F);

    /// <summary>A line's products with one row's activations: a quad for the lower bits and, where the format has two to a line, another for the upper.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector512<byte> low, Vector512<byte> high, sbyte* first, sbyte* second, ref Vector512<short> lowSum, ref Vector512<short> highSum)
    {
        Vector512<sbyte> a = Vector512.Create(*(int*)first).AsSByte();
        lowSum += Avx512BW.MultiplyAddAdjacent(low, a);
        if (B.Quads == 2)
            a = Vector512.Create(*(int*)second).AsSByte();
        highSum += Avx512BW.MultiplyAddAdjacent(high, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<int> sums, Vector512<float> weightScale, float scale, Vector512<float> y) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(sums), weightScale * Vector512.Create(scale), y);
}
