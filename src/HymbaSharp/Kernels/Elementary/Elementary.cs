using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>
/// Exponential functions of vectors. The largest errors over every float32, measured against double precision (docs/numerics.md):
/// Exp 1.26 ulp from −87.33654 to 88.37626; Silu 3.10 ulp from −88.37626 on, below it is −0; Softplus 3.86 ulp from −87.33654 on, below it is 0.
/// </summary>
internal static class Elementary<S, V> where S : struct, ISimd<V> where V : struct
{
    // ln 2 in two parts (Cody and Waite): the first has few enough bits that n · ln2High is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;
    private const float Log2E = 1.44269504f;

    // 1.5 · 2^23: adding it rounds to an integer, which then stands in the lowest bits of the sum.
    private const float Round = 12582912f;

    // Where the result leaves float32's normal numbers: below, exp is taken as 0; above, as infinity.
    private const float Smallest = -87.33654f;
    private const float Largest = 88.37626f;

    /// <summary>
    /// e^x = 2^n · e^r with |r| ≤ ln2/2, e^r by the polynomial of the Cephes library's expf (S. Moshier). Subnormal results are 0;
    /// from 88.38 on the result is infinite; NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        V shifted = S.MultiplyAdd(x, S.Create(Log2E), S.Create(Round));
        V n = S.Subtract(shifted, S.Create(Round));
        V r = S.MultiplyAdd(n, S.Create(-Ln2Low), S.MultiplyAdd(n, S.Create(-Ln2High), x));
        V p = S.MultiplyAdd(S.Create(1.9875691500e-4f), r, S.Create(1.3981999507e-3f));
        p = S.MultiplyAdd(p, r, S.Create(8.3334519073e-3f));
        p = S.MultiplyAdd(p, r, S.Create(4.1665795894e-2f));
        p = S.MultiplyAdd(p, r, S.Create(1.6666665459e-1f));
        p = S.MultiplyAdd(p, r, S.Create(5.0000001201e-1f));
        p = S.MultiplyAdd(p, S.Multiply(r, r), S.Add(r, S.Create(1f)));
        V result = S.AddExponent(p, shifted);
        result = S.SelectLess(x, S.Create(Smallest), S.Zero, result);
        result = S.SelectLess(S.Create(Largest), x, S.Create(float.PositiveInfinity), result);
        return S.SelectNaN(x, result);
    }

    /// <summary>x · sigmoid(x) = x / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu(V x) => S.Divide(x, S.Add(S.Create(1f), Exp(S.Subtract(S.Zero, x))));

    /// <summary>
    /// ln(1 + e^x) = max(x, 0) + ln(1 + t) with t = e^−|x| in (0, 1], and ln(1 + t) = 2·artanh(s) with s = t / (2 + t) ≤ 1/3, by its
    /// series in s². Beyond x = 20 the second term is below half an ulp of the first, where the original returns x as well.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Softplus(V x)
    {
        V t = Exp(S.Subtract(S.Zero, S.Abs(x)));
        V s = S.Divide(t, S.Add(t, S.Create(2f)));
        V z = S.Multiply(s, s);
        V p = S.MultiplyAdd(S.Create(2f / 15f), z, S.Create(2f / 13f));
        p = S.MultiplyAdd(p, z, S.Create(2f / 11f));
        p = S.MultiplyAdd(p, z, S.Create(2f / 9f));
        p = S.MultiplyAdd(p, z, S.Create(2f / 7f));
        p = S.MultiplyAdd(p, z, S.Create(2f / 5f));
        p = S.MultiplyAdd(p, z, S.Create(2f / 3f));
        p = S.MultiplyAdd(p, z, S.Create(2f));
        return S.MultiplyAdd(p, s, S.SelectLess(S.Zero, x, x, S.Zero));
    }
}

/// <summary>The scalar twins.</summary>
internal static class ScalarElementary
{
    public static float Silu(float x) => x / (1f + MathF.Exp(-x));

    /// <summary>ln(1 + e^x), computed in double where that keeps the digits of a small result.</summary>
    public static float Softplus(float x)
    {
        if (x > 20f)
            return x;
        double e = Math.Exp(x);
        return (float)(e < 1e-5 ? e - (e * e / 2) : Math.Log(1 + e));
    }
}
