using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel: a vector of first halves with a vector of second halves.</summary>
internal static unsafe class VectorRope<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Turns one head of 2 · <paramref name="half"/> values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* head, float* cosines, float* sines, int half)
    {
        int j = 0;
        for (; j + S.Count <= half; j += S.Count)
        {
            V a = S.Load(head + j), b = S.Load(head + j + half), cos = S.Load(cosines + j), sin = S.Load(sines + j);
            S.Store(S.Subtract(S.Multiply(a, cos), S.Multiply(b, sin)), head + j);
            S.Store(S.MultiplyAdd(b, cos, S.Multiply(a, sin)), head + j + half);
        }
        ScalarRope.Rotate(head, cosines, sines, half, start: j);
    }
}
