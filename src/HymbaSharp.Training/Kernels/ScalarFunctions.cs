using System.Numerics;

namespace HymbaSharp.Training.Kernels;

/// <summary>The elementary functions and their slopes in plain arithmetic of either width.</summary>
internal static class ScalarFunctions<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>1 / (1 + e^−x).</summary>
    public static T Sigmoid(T x) => T.One / (T.One + T.Exp(-x));

    /// <summary>x · sigmoid(x).</summary>
    public static T Silu(T x) => x / (T.One + T.Exp(-x));

    /// <summary>The slope of silu: σ·(1 + x·(1 − σ)).</summary>
    public static T SiluSlope(T x)
    {
        T sigmoid = Sigmoid(x);
        return sigmoid * (T.One + (x * (T.One - sigmoid)));
    }

    /// <summary>ln(1 + e^x) = max(x, 0) + ln(1 + t), t = e^−|x|. The digits of t lost in 1 + t come back by the quotient t / ((1 + t) − 1).</summary>
    public static T Softplus(T x)
    {
        T t = T.Exp(-T.Abs(x)), sum = T.One + t;
        return (x > T.Zero ? x : T.Zero) + (sum == T.One ? t : T.Log(sum) * t / (sum - T.One));
    }
}
