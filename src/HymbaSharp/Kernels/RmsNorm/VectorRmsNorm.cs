using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel: one pass for the sum of squares, one to scale.</summary>
internal static unsafe class VectorRmsNorm<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>One row; with <paramref name="otherGain"/>, the mean of the norms of x and other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float* gain, float* other, float* otherGain, float epsilon, float* y, int columns)
    {
        float scale = Scale(x, epsilon, columns);
        int i = 0;
        if (otherGain is null)
        {
            V factor = S.Create(scale);
            for (; i + S.Count <= columns; i += S.Count)
                S.Store(S.Multiply(S.Multiply(S.Load(x + i), factor), S.Load(gain + i)), y + i);
            for (; i < columns; i++)
                y[i] = x[i] * scale * gain[i];
            return;
        }
        float otherScale = Scale(other, epsilon, columns);
        V half = S.Create(0.5f), factorX = S.Create(scale), factorOther = S.Create(otherScale);
        for (; i + S.Count <= columns; i += S.Count)
        {
            V a = S.Multiply(S.Multiply(S.Load(x + i), factorX), S.Load(gain + i));
            V b = S.Multiply(S.Multiply(S.Load(other + i), factorOther), S.Load(otherGain + i));
            S.Store(S.Multiply(S.Add(a, b), half), y + i);
        }
        for (; i < columns; i++)
            y[i] = ((x[i] * scale * gain[i]) + (other[i] * otherScale * otherGain[i])) * 0.5f;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Scale(float* x, float epsilon, int columns)
    {
        V s0 = S.Zero, s1 = S.Zero, s2 = S.Zero, s3 = S.Zero;
        int i = 0;
        for (; i + (4 * S.Count) <= columns; i += 4 * S.Count)
        {
            V a = S.Load(x + i), b = S.Load(x + i + S.Count), c = S.Load(x + i + (2 * S.Count)), d = S.Load(x + i + (3 * S.Count));
            s0 = S.MultiplyAdd(a, a, s0);
            s1 = S.MultiplyAdd(b, b, s1);
            s2 = S.MultiplyAdd(c, c, s2);
            s3 = S.MultiplyAdd(d, d, s3);
        }
        for (; i + S.Count <= columns; i += S.Count)
        {
            V a = S.Load(x + i);
            s0 = S.MultiplyAdd(a, a, s0);
        }
        float sum = S.Sum(S.Add(S.Add(s0, s1), S.Add(s2, s3)));
        for (; i < columns; i++)
            sum += x[i] * x[i];
        return 1f / MathF.Sqrt((sum / columns) + epsilon);
    }
}
