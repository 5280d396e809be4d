using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernels; what is left of a row after its last whole vector goes to the scalar twin.</summary>
internal unsafe struct VectorActivation<S, V> : IActivationKernel where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SiluGate(float* y, float* up, int count)
    {
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(S.Multiply(Elementary<S, V>.Silu(S.Load(y + i)), S.Load(up + i)), y + i);
        ScalarActivation.SiluGate(y + i, up + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softplus(float* y, float* bias, int count)
    {
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(Elementary<S, V>.Softplus(S.Add(S.Load(y + i), S.Load(bias + i))), y + i);
        ScalarActivation.Softplus(y + i, bias + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddBias(float* y, float* bias, int count)
    {
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(S.Add(S.Load(y + i), S.Load(bias + i)), y + i);
        ScalarActivation.AddBias(y + i, bias + i, count - i);
    }
}
