using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>What the derivatives of the engine's elementary functions are made of; softplus has the slope sigmoid.</summary>
internal static class Slopes<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => S.Divide(S.Create(1f), S.Add(S.Create(1f), Elementary<S, V>.Exp(S.Subtract(S.Zero, x))));

    /// <summary>The slope of silu at x, of which <paramref name="sigmoid"/> is given: σ·(1 + x·(1 − σ)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu(V x, V sigmoid) =>
        S.Multiply(sigmoid, S.MultiplyAdd(x, S.Subtract(S.Create(1f), sigmoid), S.Create(1f)));
}
