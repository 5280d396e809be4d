namespace HymbaSharp.Tests.Kernels;

/// <summary>What the kernels are measured against, in double precision, and the units of the measure.</summary>
internal static class Precise
{
    /// <summary>u: the largest relative error of one rounding to float32.</summary>
    public const double Unit = 1.0 / (1 << 24);

    public static double Silu(double x) => x / (1 + Math.Exp(-x));

    /// <summary>ln(1 + e^x) without loss where e^x is small.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x)));

    /// <summary>The distance of float32 values at <paramref name="exact"/>.</summary>
    public static double Ulp(double exact)
    {
        double magnitude = Math.Abs(exact);
        return magnitude < 1.17549435082228751e-38 ? float.Epsilon : Math.ScaleB(1, Math.ILogB(magnitude) - 23);
    }

    /// <summary>Fails unless each value is as exact as allowed; NaN and infinity must be met by themselves.</summary>
    public static void AssertWithin(ReadOnlySpan<float> actual, Func<int, double> exact, Func<int, double> allowed, string what)
    {
        for (int i = 0; i < actual.Length; i++)
        {
            double expected = exact(i);
            bool close = double.IsFinite(expected)
                ? Math.Abs(actual[i] - expected) <= allowed(i)
                : double.IsNaN(expected) ? float.IsNaN(actual[i]) : actual[i] == expected;
            if (!close)
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, must be {expected:R} ± {allowed(i):G3}");
        }
    }

    // log(1 + t) loses digits of t in 1 + t; the quotient gives them back.
    private static double LogOnePlus(double t)
    {
        double sum = 1 + t;
        return sum == 1 ? t : Math.Log(sum) * t / (sum - 1);
    }
}
