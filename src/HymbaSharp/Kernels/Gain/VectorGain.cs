using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel; what is left of a row after its last whole vector goes to the scalar twin.</summary>
internal static unsafe class VectorGain<S, V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float* gains, float* y, int count, bool accumulate)
    {
        int i = 0;
        if (accumulate)
        {
            for (; i + S.Count <= count; i += S.Count)
                S.Store(S.MultiplyAdd(S.Load(x + i), S.Load(gains + i), S.Load(y + i)), y + i);
        }
        else
        {
            for (; i + S.Count <= count; i += S.Count)
                S.Store(S.Multiply(S.Load(x + i), S.Load(gains + i)), y + i);
        }
        ScalarGain.Apply(x + i, gains + i, y + i, count - i, accumulate);
    }
}
