using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>The part of a register tile's shape that doesn't depend on the vector width.</summary>
internal static class RegisterTileShape
{
    /// <summary>Rows of A in a tile.</summary>
    public const int Rows = 6;
}

/// <summary>
/// The register tile under every product of matrices: six rows of A, each value broadcast, times a strip of B whose vectors are loaded
/// once per step and used six times. Six rows by four vectors fill 24 of 32 vector registers, six by two fill 12 of 16; either way there are
/// more independent sums than a multiply-add has cycles of latency times units, so the tile runs at the arithmetic peak.
/// </summary>
internal static unsafe class RegisterTile<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Columns of B in the widest tile.</summary>
    public static int Columns => S.TileVectors * S.Count;

    /// <summary>C[6, vectors] (+)= A[6, depth] · B[depth, vectors]. All six rows of A are read and of C written.</summary>
    /// <param name="a">A, a row every <paramref name="lda"/> floats.</param>
    /// <param name="lda">Row stride of A in floats.</param>
    /// <param name="b">B, a row every <paramref name="ldb"/> floats.</param>
    /// <param name="ldb">Row stride of B in floats.</param>
    /// <param name="c">C, a row every <paramref name="ldc"/> floats.</param>
    /// <param name="ldc">Row stride of C in floats.</param>
    /// <param name="depth">Columns of A, rows of B.</param>
    /// <param name="vectors">Columns of B and C in vectors.</param>
    /// <param name="accumulate">Adds to C in place of overwriting it.</param>
    /// <param name="next">What will be read soon: a cache line of it is prefetched per step. Any address will do.</param>
    public static void Multiply(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int depth, int vectors, bool accumulate, float* next)
    {
        while (vectors > 0)
        {
            int width = Math.Min(S.TileVectors, vectors >= 4 ? 4 : vectors >= 2 ? 2 : 1);
            switch (width)
            {
                case 4:
                    Multiply4(a, lda, b, ldb, c, ldc, depth, accumulate, next);
                    break;
                case 2:
                    Multiply2(a, lda, b, ldb, c, ldc, depth, accumulate, next);
                    break;
                default:
                    Multiply1(a, lda, b, ldb, c, ldc, depth, accumulate, next);
                    break;
            }
            vectors -= width;
            b += width * S.Count;
            c += width * S.Count;
        }
    }

    /// <summary>C[6, 4 vectors] (+)= A[6, k] · B[k, 4 vectors].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int depth, bool accumulate, float* next)
    {
        float* a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
        V c00 = S.Zero, c01 = S.Zero, c02 = S.Zero, c03 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero, c23 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero, c33 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero, c42 = S.Zero, c43 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero, c52 = S.Zero, c53 = S.Zero;
        for (nint k = 0; k < depth; k++)
        {
            V b0 = S.Load(b), b1 = S.Load(b + S.Count), b2 = S.Load(b + 2 * S.Count), b3 = S.Load(b + 3 * S.Count);
            b += ldb;
            if (Sse.IsSupported)
                Sse.Prefetch1(next + (k * 16));
            V a0k = S.Create(a0[k]);
            c00 = S.MultiplyAdd(a0k, b0, c00);
            c01 = S.MultiplyAdd(a0k, b1, c01);
            c02 = S.MultiplyAdd(a0k, b2, c02);
            c03 = S.MultiplyAdd(a0k, b3, c03);
            V a1k = S.Create(a1[k]);
            c10 = S.MultiplyAdd(a1k, b0, c10);
            c11 = S.MultiplyAdd(a1k, b1, c11);
            c12 = S.MultiplyAdd(a1k, b2, c12);
            c13 = S.MultiplyAdd(a1k, b3, c13);
            V a2k = S.Create(a2[k]);
            c20 = S.MultiplyAdd(a2k, b0, c20);
            c21 = S.MultiplyAdd(a2k, b1, c21);
            c22 = S.MultiplyAdd(a2k, b2, c22);
            c23 = S.MultiplyAdd(a2k, b3, c23);
            V a3k = S.Create(a3[k]);
            c30 = S.MultiplyAdd(a3k, b0, c30);
            c31 = S.MultiplyAdd(a3k, b1, c31);
            c32 = S.MultiplyAdd(a3k, b2, c32);
            c33 = S.MultiplyAdd(a3k, b3, c33);
            V a4k = S.Create(a4[k]);
            c40 = S.MultiplyAdd(a4k, b0, c40);
            c41 = S.MultiplyAdd(a4k, b1, c41);
            c42 = S.MultiplyAdd(a4k, b2, c42);
            c43 = S.MultiplyAdd(a4k, b3, c43);
            V a5k = S.Create(a5[k]);
            c50 = S.MultiplyAdd(a5k, b0, c50);
            c51 = S.MultiplyAdd(a5k, b1, c51);
            c52 = S.MultiplyAdd(a5k, b2, c52);
            c53 = S.MultiplyAdd(a5k, b3, c53);
        }
        Put(c, c00, c01, c02, c03, accumulate);
        Put(c + ldc, c10, c11, c12, c13, accumulate);
        Put(c + 2 * ldc, c20, c21, c22, c23, accumulate);
        Put(c + 3 * ldc, c30, c31, c32, c33, accumulate);
        Put(c + 4 * ldc, c40, c41, c42, c43, accumulate);
        Put(c + 5 * ldc, c50, c51, c52, c53, accumulate);
    }

    /// <summary>C[6, 2 vectors] (+)= A[6, k] · B[k, 2 vectors].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int depth, bool accumulate, float* next)
    {
        float* a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
        for (nint k = 0; k < depth; k++)
        {
            V b0 = S.Load(b), b1 = S.Load(b + S.Count);
            b += ldb;
            if (Sse.IsSupported)
                Sse.Prefetch1(next + (k * 16));
            V a0k = S.Create(a0[k]);
            c00 = S.MultiplyAdd(a0k, b0, c00);
            c01 = S.MultiplyAdd(a0k, b1, c01);
            V a1k = S.Create(a1[k]);
            c10 = S.MultiplyAdd(a1k, b0, c10);
            c11 = S.MultiplyAdd(a1k, b1, c11);
            V a2k = S.Create(a2[k]);
            c20 = S.MultiplyAdd(a2k, b0, c20);
            c21 = S.MultiplyAdd(a2k, b1, c21);
            V a3k = S.Create(a3[k]);
            c30 = S.MultiplyAdd(a3k, b0, c30);
            c31 = S.MultiplyAdd(a3k, b1, c31);
            V a4k = S.Create(a4[k]);
            c40 = S.MultiplyAdd(a4k, b0, c40);
            c41 = S.MultiplyAdd(a4k, b1, c41);
            V a5k = S.Create(a5[k]);
            c50 = S.MultiplyAdd(a5k, b0, c50);
            c51 = S.MultiplyAdd(a5k, b1, c51);
        }
        Put(c, c00, c01, accumulate);
        Put(c + ldc, c10, c11, accumulate);
        Put(c + 2 * ldc, c20, c21, accumulate);
        Put(c + 3 * ldc, c30, c31, accumulate);
        Put(c + 4 * ldc, c40, c41, accumulate);
        Put(c + 5 * ldc, c50, c51, accumulate);
    }

    /// <summary>C[6, 1 vectors] (+)= A[6, k] · B[k, 1 vectors].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int depth, bool accumulate, float* next)
    {
        float* a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
        V c00 = S.Zero;
        V c10 = S.Zero;
        V c20 = S.Zero;
        V c30 = S.Zero;
        V c40 = S.Zero;
        V c50 = S.Zero;
        for (nint k = 0; k < depth; k++)
        {
            V b0 = S.Load(b);
            b += ldb;
            if (Sse.IsSupported)
                Sse.Prefetch1(next + (k * 16));
            V a0k = S.Create(a0[k]);
            c00 = S.MultiplyAdd(a0k, b0, c00);
            V a1k = S.Create(a1[k]);
            c10 = S.MultiplyAdd(a1k, b0, c10);
            V a2k = S.Create(a2[k]);
            c20 = S.MultiplyAdd(a2k, b0, c20);
            V a3k = S.Create(a3[k]);
            c30 = S.MultiplyAdd(a3k, b0, c30);
            V a4k = S.Create(a4[k]);
            c40 = S.MultiplyAdd(a4k, b0, c40);
            V a5k = S.Create(a5[k]);
            c50 = S.MultiplyAdd(a5k, b0, c50);
        }
        Put(c, c00, accumulate);
        Put(c + ldc, c10, accumulate);
        Put(c + 2 * ldc, c20, accumulate);
        Put(c + 3 * ldc, c30, accumulate);
        Put(c + 4 * ldc, c40, accumulate);
        Put(c + 5 * ldc, c50, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, V v0, V v1, V v2, V v3, bool accumulate)
    {
        if (accumulate)
        {
            v0 = S.Add(v0, S.Load(c));
            v1 = S.Add(v1, S.Load(c + S.Count));
            v2 = S.Add(v2, S.Load(c + 2 * S.Count));
            v3 = S.Add(v3, S.Load(c + 3 * S.Count));
        }
        S.Store(v0, c);
        S.Store(v1, c + S.Count);
        S.Store(v2, c + 2 * S.Count);
        S.Store(v3, c + 3 * S.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, V v0, V v1, bool accumulate)
    {
        if (accumulate)
        {
            v0 = S.Add(v0, S.Load(c));
            v1 = S.Add(v1, S.Load(c + S.Count));
        }
        S.Store(v0, c);
        S.Store(v1, c + S.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, V v0, bool accumulate)
    {
        if (accumulate)
        {
            v0 = S.Add(v0, S.Load(c));
        }
        S.Store(v0, c);
    }
}
