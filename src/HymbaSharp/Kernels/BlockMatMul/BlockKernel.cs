using System.Runtime.CompilerServices;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Two vectors of weight rows times a panel of one, two, four or six rows of activations. Products sum up in integers over a block; then, in the
/// order of the blocks, y ← fma(sum, weight scale · activation scale, y). That order is the same for every panel and every split of the
/// columns, so a row's results are the same bits alone and among others.
/// </summary>
internal static unsafe class BlockKernel<D, V, S, F, B>
    where D : struct, IByteDot<V, F> where V : struct where S : struct, ISimd<F> where F : struct where B : struct, IBlockFormat
{
    private const int QuadBytes = BlockLayout.QuadColumns;

    /// <summary>A group's rows times one panel.</summary>
    /// <param name="group">The group's scales, of the first block on.</param>
    /// <param name="weights">The group's quants, of the first block on.</param>
    /// <param name="x">The panel's quants, of the first block on.</param>
    /// <param name="scales">The panel's scales, likewise.</param>
    /// <param name="offsets">The panel's offsets, likewise.</param>
    /// <param name="rows">Rows of the panel.</param>
    /// <param name="blocks">Blocks to sum.</param>
    /// <param name="ahead">What to fetch meanwhile, from where and how much for each block.</param>
    /// <param name="y">Sums so far, and results [rows, 16].</param>
    public static void Multiply(ushort* group, byte* weights, sbyte* x, float* scales, int* offsets, int rows, int blocks, Prefetch ahead, float* y)
    {
        int vectorBytes = D.Count * sizeof(int);
        for (int row = 0; row < BlockLayout.GroupRows; row += 2 * D.Count, group += 2 * D.Count, weights += 2 * vectorBytes, y += 2 * D.Count)
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
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        int next = D.Count * sizeof(int);
        F y0 = S.Load(y), y1 = S.Load(y + D.Count);
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows)
        {
            ahead.Step();
            V s0 = Start(offsets + block), s1 = s0, t0 = D.Zero, t1 = D.Zero;
            for (int pair = 0; pair < B.Pairs; pair++, w += B.PairBytes, x += 2 * QuadBytes)
            {
                V a = D.Broadcast(x);
                s0 = B.Dot<D, V, F>(s0, B.First<D, V, F>(w), a);
                s1 = B.Dot<D, V, F>(s1, B.First<D, V, F>(w + next), a);
                a = D.Broadcast(x + QuadBytes);
                t0 = B.Dot<D, V, F>(t0, B.Second<D, V, F>(w), a);
                t1 = B.Dot<D, V, F>(t1, B.Second<D, V, F>(w + next), a);
            }
            F scale = S.Create(scales[block]);
            y0 = S.MultiplyAdd(D.ToSingle(D.Add(s0, t0)), S.Multiply(S.LoadBFloat16(group), scale), y0);
            y1 = S.MultiplyAdd(D.ToSingle(D.Add(s1, t1)), S.Multiply(S.LoadBFloat16(group + D.Count), scale), y1);
        }
        S.Store(y0, y);
        S.Store(y1, y + D.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        int next = D.Count * sizeof(int);
        F y00 = S.Load(y), y01 = S.Load(y + D.Count), y10 = S.Load(y + BlockLayout.GroupRows), y11 = S.Load(y + BlockLayout.GroupRows + D.Count);
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 2, offsets += 2)
        {
            ahead.Step();
            V s00 = Start(offsets), s01 = s00, s10 = Start(offsets + 1), s11 = s10;
            for (int pair = 0; pair < B.Pairs; pair++, w += B.PairBytes, x += 4 * QuadBytes)
            {
                V w0 = B.First<D, V, F>(w), w1 = B.First<D, V, F>(w + next);
                V a = D.Broadcast(x);
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + QuadBytes);
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
                w0 = B.Second<D, V, F>(w);
                w1 = B.Second<D, V, F>(w + next);
                a = D.Broadcast(x + (2 * QuadBytes));
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + (3 * QuadBytes));
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
            }
            F g0 = S.LoadBFloat16(group), g1 = S.LoadBFloat16(group + D.Count);
            F scale = S.Create(scales[0]);
            y00 = S.MultiplyAdd(D.ToSingle(s00), S.Multiply(g0, scale), y00);
            y01 = S.MultiplyAdd(D.ToSingle(s01), S.Multiply(g1, scale), y01);
            scale = S.Create(scales[1]);
            y10 = S.MultiplyAdd(D.ToSingle(s10), S.Multiply(g0, scale), y10);
            y11 = S.MultiplyAdd(D.ToSingle(s11), S.Multiply(g1, scale), y11);
        }
        Put(y, y00, y01);
        Put(y + BlockLayout.GroupRows, y10, y11);
    }

    // Sums over blocks stay in memory here and below, for the instruction that sums bytes reaches only sixteen registers, and these the integers need.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        int next = D.Count * sizeof(int);
        float* r0 = y, r1 = r0 + BlockLayout.GroupRows, r2 = r1 + BlockLayout.GroupRows, r3 = r2 + BlockLayout.GroupRows;
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 4, offsets += 4)
        {
            ahead.Step();
            V s00 = Start(offsets), s01 = s00;
            V s10 = Start(offsets + 1), s11 = s10;
            V s20 = Start(offsets + 2), s21 = s20;
            V s30 = Start(offsets + 3), s31 = s30;
            for (int pair = 0; pair < B.Pairs; pair++, w += B.PairBytes, x += 8 * QuadBytes)
            {
                V w0 = B.First<D, V, F>(w), w1 = B.First<D, V, F>(w + next);
                V a = D.Broadcast(x);
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + QuadBytes);
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
                a = D.Broadcast(x + (2 * QuadBytes));
                s20 = B.Dot<D, V, F>(s20, w0, a);
                s21 = B.Dot<D, V, F>(s21, w1, a);
                a = D.Broadcast(x + (3 * QuadBytes));
                s30 = B.Dot<D, V, F>(s30, w0, a);
                s31 = B.Dot<D, V, F>(s31, w1, a);
                w0 = B.Second<D, V, F>(w);
                w1 = B.Second<D, V, F>(w + next);
                a = D.Broadcast(x + (4 * QuadBytes));
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + (5 * QuadBytes));
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
                a = D.Broadcast(x + (6 * QuadBytes));
                s20 = B.Dot<D, V, F>(s20, w0, a);
                s21 = B.Dot<D, V, F>(s21, w1, a);
                a = D.Broadcast(x + (7 * QuadBytes));
                s30 = B.Dot<D, V, F>(s30, w0, a);
                s31 = B.Dot<D, V, F>(s31, w1, a);
            }
            F g0 = S.LoadBFloat16(group), g1 = S.LoadBFloat16(group + D.Count);
            F scale = S.Create(scales[0]);
            Put(r0, S.MultiplyAdd(D.ToSingle(s00), S.Multiply(g0, scale), S.Load(r0)), S.MultiplyAdd(D.ToSingle(s01), S.Multiply(g1, scale), S.Load(r0 + D.Count)));
            scale = S.Create(scales[1]);
            Put(r1, S.MultiplyAdd(D.ToSingle(s10), S.Multiply(g0, scale), S.Load(r1)), S.MultiplyAdd(D.ToSingle(s11), S.Multiply(g1, scale), S.Load(r1 + D.Count)));
            scale = S.Create(scales[2]);
            Put(r2, S.MultiplyAdd(D.ToSingle(s20), S.Multiply(g0, scale), S.Load(r2)), S.MultiplyAdd(D.ToSingle(s21), S.Multiply(g1, scale), S.Load(r2 + D.Count)));
            scale = S.Create(scales[3]);
            Put(r3, S.MultiplyAdd(D.ToSingle(s30), S.Multiply(g0, scale), S.Load(r3)), S.MultiplyAdd(D.ToSingle(s31), S.Multiply(g1, scale), S.Load(r3 + D.Count)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply6(ushort* group, byte* w, sbyte* x, float* scales, int* offsets, int blocks, Prefetch ahead, float* y)
    {
        int next = D.Count * sizeof(int);
        float* r0 = y, r1 = r0 + BlockLayout.GroupRows, r2 = r1 + BlockLayout.GroupRows, r3 = r2 + BlockLayout.GroupRows, r4 = r3 + BlockLayout.GroupRows, r5 = r4 + BlockLayout.GroupRows;
        for (int block = 0; block < blocks; block++, group += BlockLayout.GroupRows, scales += 6, offsets += 6)
        {
            ahead.Step();
            V s00 = Start(offsets), s01 = s00;
            V s10 = Start(offsets + 1), s11 = s10;
            V s20 = Start(offsets + 2), s21 = s20;
            V s30 = Start(offsets + 3), s31 = s30;
            V s40 = Start(offsets + 4), s41 = s40;
            V s50 = Start(offsets + 5), s51 = s50;
            for (int pair = 0; pair < B.Pairs; pair++, w += B.PairBytes, x += 12 * QuadBytes)
            {
                V w0 = B.First<D, V, F>(w), w1 = B.First<D, V, F>(w + next);
                V a = D.Broadcast(x);
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + QuadBytes);
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
                a = D.Broadcast(x + (2 * QuadBytes));
                s20 = B.Dot<D, V, F>(s20, w0, a);
                s21 = B.Dot<D, V, F>(s21, w1, a);
                a = D.Broadcast(x + (3 * QuadBytes));
                s30 = B.Dot<D, V, F>(s30, w0, a);
                s31 = B.Dot<D, V, F>(s31, w1, a);
                a = D.Broadcast(x + (4 * QuadBytes));
                s40 = B.Dot<D, V, F>(s40, w0, a);
                s41 = B.Dot<D, V, F>(s41, w1, a);
                a = D.Broadcast(x + (5 * QuadBytes));
                s50 = B.Dot<D, V, F>(s50, w0, a);
                s51 = B.Dot<D, V, F>(s51, w1, a);
                w0 = B.Second<D, V, F>(w);
                w1 = B.Second<D, V, F>(w + next);
                a = D.Broadcast(x + (6 * QuadBytes));
                s00 = B.Dot<D, V, F>(s00, w0, a);
                s01 = B.Dot<D, V, F>(s01, w1, a);
                a = D.Broadcast(x + (7 * QuadBytes));
                s10 = B.Dot<D, V, F>(s10, w0, a);
                s11 = B.Dot<D, V, F>(s11, w1, a);
                a = D.Broadcast(x + (8 * QuadBytes));
                s20 = B.Dot<D, V, F>(s20, w0, a);
                s21 = B.Dot<D, V, F>(s21, w1, a);
                a = D.Broadcast(x + (9 * QuadBytes));
                s30 = B.Dot<D, V, F>(s30, w0, a);
                s31 = B.Dot<D, V, F>(s31, w1, a);
                a = D.Broadcast(x + (10 * QuadBytes));
                s40 = B.Dot<D, V, F>(s40, w0, a);
                s41 = B.Dot<D, V, F>(s41, w1, a);
                a = D.Broadcast(x + (11 * QuadBytes));
                s50 = B.Dot<D, V, F>(s50, w0, a);
                s51 = B.Dot<D, V, F>(s51, w1, a);
            }
            F g0 = S.LoadBFloat16(group), g1 = S.LoadBFloat16(group + D.Count);
            F scale = S.Create(scales[0]);
            Put(r0, S.MultiplyAdd(D.ToSingle(s00), S.Multiply(g0, scale), S.Load(r0)), S.MultiplyAdd(D.ToSingle(s01), S.Multiply(g1, scale), S.Load(r0 + D.Count)));
            scale = S.Create(scales[1]);
            Put(r1, S.MultiplyAdd(D.ToSingle(s10), S.Multiply(g0, scale), S.Load(r1)), S.MultiplyAdd(D.ToSingle(s11), S.Multiply(g1, scale), S.Load(r1 + D.Count)));
            scale = S.Create(scales[2]);
            Put(r2, S.MultiplyAdd(D.ToSingle(s20), S.Multiply(g0, scale), S.Load(r2)), S.MultiplyAdd(D.ToSingle(s21), S.Multiply(g1, scale), S.Load(r2 + D.Count)));
            scale = S.Create(scales[3]);
            Put(r3, S.MultiplyAdd(D.ToSingle(s30), S.Multiply(g0, scale), S.Load(r3)), S.MultiplyAdd(D.ToSingle(s31), S.Multiply(g1, scale), S.Load(r3 + D.Count)));
            scale = S.Create(scales[4]);
            Put(r4, S.MultiplyAdd(D.ToSingle(s40), S.Multiply(g0, scale), S.Load(r4)), S.MultiplyAdd(D.ToSingle(s41), S.Multiply(g1, scale), S.Load(r4 + D.Count)));
            scale = S.Create(scales[5]);
            Put(r5, S.MultiplyAdd(D.ToSingle(s50), S.Multiply(g0, scale), S.Load(r5)), S.MultiplyAdd(D.ToSingle(s51), S.Multiply(g1, scale), S.Load(r5 + D.Count)));
        }
    }

    /// <summary>What a block's sum begins with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start(int* offset) => B.HasOffset<D, V, F>() ? D.Create(*offset) : D.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, F low, F high)
    {
        S.Store(low, y);
        S.Store(high, y + D.Count);
    }
}
