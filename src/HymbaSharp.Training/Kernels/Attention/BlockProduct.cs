using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>What both directions of attention compute between blocks and between rows.</summary>
internal static unsafe class BlockProduct<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>C[rows, vectors] (+)= A[rows, depth] · B[depth, vectors]; the rows of A and C are filled up to whole register tiles.</summary>
    public static void Multiply(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, int rows, int depth, int vectors, bool accumulate)
    {
        // A strip of B stays in the first-level cache while all rows pass over it.
        for (int strip = 0; strip < vectors; strip += S.TileVectors)
        {
            int width = Math.Min(S.TileVectors, vectors - strip), column = strip * S.Count;
            for (int row = 0; row < rows; row += RegisterTileShape.Rows)
                RegisterTile<S, V>.Multiply(a + (row * lda), lda, b + column, ldb, c + (row * ldc) + column, ldc, depth, width, accumulate, next: b);
        }
    }

    /// <summary>destination = factor · source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* source, float factor, float* destination, int count)
    {
        V factors = S.Create(factor);
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(S.Multiply(S.Load(source + i), factors), destination + i);
        for (; i < count; i++)
            destination[i] = source[i] * factor;
    }

    /// <summary>a · b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* a, float* b, int count)
    {
        V sums = S.Zero;
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            sums = S.MultiplyAdd(S.Load(a + i), S.Load(b + i), sums);
        float sum = S.Sum(sums);
        for (; i < count; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
