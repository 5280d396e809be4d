using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>How the dot kernel groups rows.</summary>
internal static class DotGroup
{
    /// <summary>Weight rows that share the loads of several rows of activations.</summary>
    public const int Rows = 4;
}

/// <summary>
/// Dot products of weight rows with few rows of activations. One activation row: the weights stream past in the order they lie in memory,
/// which the hardware prefetcher follows best (a single stream beat four rows at a time by a tenth). Several: four weight rows meet four
/// activation rows in sixteen sums, so that a widened weight is used four times.
/// </summary>
internal static unsafe class DotKernel<S, V, W>
    where S : struct, ISimd<V> where V : struct where W : struct, IStoredType
{
    // Reaches past a page border before the hardware prefetcher, which stops there, has started again.
    private const int PrefetchBytes = 2048;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* weights, Matrix x, Matrix y, bool accumulate)
    {
        int grouped = x.Rows == 1 ? 0 : y.Columns & ~(DotGroup.Rows - 1);
        nint rowBytes = (nint)x.Columns * W.Size;
        // Activation rows outside: four of them stay in the first-level cache while the part's weights, read from memory for the first
        // four, come from the second-level cache for the others.
        int t = 0;
        for (; t + 4 <= x.Rows; t += 4)
        {
            for (int row = 0; row < grouped; row += DotGroup.Rows)
                Multiply4x4(weights + (row * rowBytes), rowBytes, x, y, t, row, accumulate);
        }
        for (; t < x.Rows; t++)
        {
            for (int row = 0; row < grouped; row += DotGroup.Rows)
                Multiply4x1(weights + (row * rowBytes), rowBytes, x[t], x.Columns, y[t] + row, accumulate);
        }
        for (int row = grouped; row < y.Columns; row++)
        {
            for (t = 0; t < x.Rows; t++)
                Put(y[t] + row, Dot(weights + (row * rowBytes), x[t], x.Columns), accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(byte* w, float* x, int columns)
    {
        V s0 = S.Zero, s1 = S.Zero, s2 = S.Zero, s3 = S.Zero;
        nint step = (nint)S.Count * W.Size;
        int k = 0;
        for (; k + (4 * S.Count) <= columns; k += 4 * S.Count, w += 4 * step)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(w + PrefetchBytes);
                if (4 * step > 64)
                    Sse.Prefetch0(w + PrefetchBytes + 64);
            }
            s0 = S.MultiplyAdd(W.Load<S, V>(w), S.Load(x + k), s0);
            s1 = S.MultiplyAdd(W.Load<S, V>(w + step), S.Load(x + k + S.Count), s1);
            s2 = S.MultiplyAdd(W.Load<S, V>(w + (2 * step)), S.Load(x + k + (2 * S.Count)), s2);
            s3 = S.MultiplyAdd(W.Load<S, V>(w + (3 * step)), S.Load(x + k + (3 * S.Count)), s3);
        }
        for (; k + S.Count <= columns; k += S.Count, w += step)
            s0 = S.MultiplyAdd(W.Load<S, V>(w), S.Load(x + k), s0);
        float sum = S.Sum(S.Add(S.Add(s0, s1), S.Add(s2, s3)));
        for (; k < columns; k++, w += W.Size)
            sum += W.LoadOne(w) * x[k];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4x1(byte* w, nint rowBytes, float* x, int columns, float* y, bool accumulate)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        V s0 = S.Zero, s1 = S.Zero, s2 = S.Zero, s3 = S.Zero;
        int k = 0;
        for (; k + S.Count <= columns; k += S.Count)
        {
            nint offset = (nint)k * W.Size;
            V v = S.Load(x + k);
            s0 = S.MultiplyAdd(W.Load<S, V>(w + offset), v, s0);
            s1 = S.MultiplyAdd(W.Load<S, V>(w1 + offset), v, s1);
            s2 = S.MultiplyAdd(W.Load<S, V>(w2 + offset), v, s2);
            s3 = S.MultiplyAdd(W.Load<S, V>(w3 + offset), v, s3);
        }
        float* sums = stackalloc float[DotGroup.Rows] { S.Sum(s0), S.Sum(s1), S.Sum(s2), S.Sum(s3) };
        Finish(sums, w, rowBytes, x, k, columns, y, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4x4(byte* w, nint rowBytes, Matrix x, Matrix y, int t, int row, bool accumulate)
    {
        float* x0 = x[t], x1 = x[t + 1], x2 = x[t + 2], x3 = x[t + 3];
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        V s00 = S.Zero, s01 = S.Zero, s02 = S.Zero, s03 = S.Zero;
        V s10 = S.Zero, s11 = S.Zero, s12 = S.Zero, s13 = S.Zero;
        V s20 = S.Zero, s21 = S.Zero, s22 = S.Zero, s23 = S.Zero;
        V s30 = S.Zero, s31 = S.Zero, s32 = S.Zero, s33 = S.Zero;
        int k = 0;
        for (; k + S.Count <= x.Columns; k += S.Count)
        {
            nint offset = (nint)k * W.Size;
            V v0 = W.Load<S, V>(w + offset), v1 = W.Load<S, V>(w1 + offset), v2 = W.Load<S, V>(w2 + offset), v3 = W.Load<S, V>(w3 + offset);
            V u = S.Load(x0 + k);
            s00 = S.MultiplyAdd(v0, u, s00);
            s10 = S.MultiplyAdd(v1, u, s10);
            s20 = S.MultiplyAdd(v2, u, s20);
            s30 = S.MultiplyAdd(v3, u, s30);
            u = S.Load(x1 + k);
            s01 = S.MultiplyAdd(v0, u, s01);
            s11 = S.MultiplyAdd(v1, u, s11);
            s21 = S.MultiplyAdd(v2, u, s21);
            s31 = S.MultiplyAdd(v3, u, s31);
            u = S.Load(x2 + k);
            s02 = S.MultiplyAdd(v0, u, s02);
            s12 = S.MultiplyAdd(v1, u, s12);
            s22 = S.MultiplyAdd(v2, u, s22);
            s32 = S.MultiplyAdd(v3, u, s32);
            u = S.Load(x3 + k);
            s03 = S.MultiplyAdd(v0, u, s03);
            s13 = S.MultiplyAdd(v1, u, s13);
            s23 = S.MultiplyAdd(v2, u, s23);
            s33 = S.MultiplyAdd(v3, u, s33);
        }
        float* sums = stackalloc float[4 * DotGroup.Rows]
        {
            S.Sum(s00), S.Sum(s10), S.Sum(s20), S.Sum(s30), S.Sum(s01), S.Sum(s11), S.Sum(s21), S.Sum(s31),
            S.Sum(s02), S.Sum(s12), S.Sum(s22), S.Sum(s32), S.Sum(s03), S.Sum(s13), S.Sum(s23), S.Sum(s33),
        };
        Finish(sums, w, rowBytes, x0, k, x.Columns, y[t] + row, accumulate);
        Finish(sums + DotGroup.Rows, w, rowBytes, x1, k, x.Columns, y[t + 1] + row, accumulate);
        Finish(sums + (2 * DotGroup.Rows), w, rowBytes, x2, k, x.Columns, y[t + 2] + row, accumulate);
        Finish(sums + (3 * DotGroup.Rows), w, rowBytes, x3, k, x.Columns, y[t + 3] + row, accumulate);
    }

    // Called once no vector is live any more: a vector that lives across a call is kept in memory, in the loop before it too.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(float* sums, byte* w, nint rowBytes, float* x, int k, int columns, float* y, bool accumulate)
    {
        for (int i = 0; i < DotGroup.Rows; i++)
            Put(y + i, sums[i] + Tail(w + (i * rowBytes), x, k, columns), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Tail(byte* w, float* x, int k, int columns)
    {
        float sum = 0;
        for (; k < columns; k++)
            sum += W.LoadOne(w + ((nint)k * W.Size)) * x[k];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, float value, bool accumulate) => *y = accumulate ? *y + value : value;
}
