using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>
/// Dot products of weight rows with few rows of activations, in four sums each. The weights stream past in the order they lie in memory, which
/// the hardware prefetcher follows best; with several rows of activations each widened vector of weights meets four of them. The sums are
/// the same for one row and for several, so that a row's results are the same bits alone and among others.
/// </summary>
internal static unsafe class DotKernel<S, V, W>
    where S : struct, ISimd<V> where V : struct where W : struct, IStoredType
{
    // Reaches past a page border before the hardware prefetcher, which stops there, has started again.
    private const int PrefetchBytes = 2048;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* weights, Matrix x, Matrix y, bool accumulate)
    {
        nint rowBytes = (nint)x.Columns * W.Size;
        // Four rows of activations at a time stay in the first-level cache while the weights run past, from the second-level one but for the first time.
        int t = 0;
        for (; t + 4 <= x.Rows; t += 4)
        {
            byte* w = weights;
            for (int row = 0; row < y.Columns; row++, w += rowBytes)
                Dot4(w, x[t], x.Stride, x.Columns, y[t] + row, y.Stride, accumulate);
        }
        for (int row = 0; t < x.Rows && row < y.Columns; row++, weights += rowBytes)
        {
            for (int left = t; left < x.Rows; left++)
                Put(y[left] + row, Dot(weights, x[left], x.Columns), accumulate);
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

    /// <summary>As <see cref="Dot"/>, of four rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4(byte* w, float* x, nint stride, int columns, float* y, nint yStride, bool accumulate)
    {
        float* x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride;
        V a0 = S.Zero, a1 = S.Zero, a2 = S.Zero, a3 = S.Zero;
        V b0 = S.Zero, b1 = S.Zero, b2 = S.Zero, b3 = S.Zero;
        V c0 = S.Zero, c1 = S.Zero, c2 = S.Zero, c3 = S.Zero;
        V d0 = S.Zero, d1 = S.Zero, d2 = S.Zero, d3 = S.Zero;
        nint step = (nint)S.Count * W.Size;
        int k = 0;
        for (; k + (4 * S.Count) <= columns; k += 4 * S.Count, w += 4 * step)
        {
            V v = W.Load<S, V>(w);
            a0 = S.MultiplyAdd(v, S.Load(x + k), a0);
            b0 = S.MultiplyAdd(v, S.Load(x1 + k), b0);
            c0 = S.MultiplyAdd(v, S.Load(x2 + k), c0);
            d0 = S.MultiplyAdd(v, S.Load(x3 + k), d0);
            v = W.Load<S, V>(w + step);
            a1 = S.MultiplyAdd(v, S.Load(x + k + S.Count), a1);
            b1 = S.MultiplyAdd(v, S.Load(x1 + k + S.Count), b1);
            c1 = S.MultiplyAdd(v, S.Load(x2 + k + S.Count), c1);
            d1 = S.MultiplyAdd(v, S.Load(x3 + k + S.Count), d1);
            v = W.Load<S, V>(w + (2 * step));
            a2 = S.MultiplyAdd(v, S.Load(x + k + (2 * S.Count)), a2);
            b2 = S.MultiplyAdd(v, S.Load(x1 + k + (2 * S.Count)), b2);
            c2 = S.MultiplyAdd(v, S.Load(x2 + k + (2 * S.Count)), c2);
            d2 = S.MultiplyAdd(v, S.Load(x3 + k + (2 * S.Count)), d2);
            v = W.Load<S, V>(w + (3 * step));
            a3 = S.MultiplyAdd(v, S.Load(x + k + (3 * S.Count)), a3);
            b3 = S.MultiplyAdd(v, S.Load(x1 + k + (3 * S.Count)), b3);
            c3 = S.MultiplyAdd(v, S.Load(x2 + k + (3 * S.Count)), c3);
            d3 = S.MultiplyAdd(v, S.Load(x3 + k + (3 * S.Count)), d3);
        }
        for (; k + S.Count <= columns; k += S.Count, w += step)
        {
            V v = W.Load<S, V>(w);
            a0 = S.MultiplyAdd(v, S.Load(x + k), a0);
            b0 = S.MultiplyAdd(v, S.Load(x1 + k), b0);
            c0 = S.MultiplyAdd(v, S.Load(x2 + k), c0);
            d0 = S.MultiplyAdd(v, S.Load(x3 + k), d0);
        }
        float* sums = stackalloc float[4]
        {
            S.Sum(S.Add(S.Add(a0, a1), S.Add(a2, a3))),
            S.Sum(S.Add(S.Add(b0, b1), S.Add(b2, b3))),
            S.Sum(S.Add(S.Add(c0, c1), S.Add(c2, c3))),
            S.Sum(S.Add(S.Add(d0, d1), S.Add(d2, d3))),
        };
        for (int t = 0; t < 4; t++, x += stride, y += yStride)
            Put(y, Tail(sums[t], w, x, k, columns), accumulate);
    }

    // Called once no vector is live any more: a vector that lives across a call is kept in memory, in the loop before it too.
    private static float Tail(float sum, byte* w, float* x, int k, int columns)
    {
        for (; k < columns; k++, w += W.Size)
            sum += W.LoadOne(w) * x[k];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, float value, bool accumulate) => *y = accumulate ? *y + value : value;
}
