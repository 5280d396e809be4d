namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>
/// A number and how far float32 arithmetic may have come from it: every operation carries the errors of its operands on and adds its own
/// rounding (N. Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). A reference written in these numbers yields
/// exact results and, beside each, its bound. Elementary functions have the errors of docs/numerics.md.
/// </summary>
internal readonly record struct Bounded(double Value, double Error)
{
    /// <summary>u: the largest relative error of one rounding to float32.</summary>
    public const double Unit = 1.0 / (1 << 24);

    public static implicit operator Bounded(double exact) => new(exact, 0);

    public static Bounded operator +(Bounded a, Bounded b) => Rounded(a.Value + b.Value, a.Error + b.Error);

    public static Bounded operator -(Bounded a, Bounded b) => Rounded(a.Value - b.Value, a.Error + b.Error);

    public static Bounded operator *(Bounded a, Bounded b) =>
        Rounded(a.Value * b.Value, (Math.Abs(a.Value) * b.Error) + (Math.Abs(b.Value) * a.Error) + (a.Error * b.Error));

    public static Bounded operator /(Bounded a, Bounded b)
    {
        double least = Math.Abs(b.Value) - b.Error;
        return Rounded(a.Value / b.Value, (a.Error + (Math.Abs(a.Value / b.Value) * b.Error)) / least);
    }

    public static Bounded Sqrt(Bounded x) => Rounded(Math.Sqrt(x.Value), Math.Sqrt(x.Value) - Math.Sqrt(Math.Max(x.Value - x.Error, 0)));

    /// <summary>1.26 ulp, and 0 in place of subnormal numbers.</summary>
    public static Bounded Exp(Bounded x)
    {
        double value = Math.Exp(x.Value);
        return new(value, Math.Exp(x.Value + x.Error) - value + (2 * 1.26 * Unit * value) + (value < 1.2e-38 ? value : 0));
    }

    /// <summary>3.86 ulp; its slope is at most 1.</summary>
    public static Bounded Softplus(Bounded x)
    {
        double value = Math.Log(1 + Math.Exp(x.Value));
        return new(value, x.Error + (2 * 3.86 * Unit * value));
    }

    public static Bounded Sigmoid(Bounded x) => 1 / (1 + Exp(0 - x));

    public static Bounded SiluSlope(Bounded x)
    {
        Bounded sigmoid = Sigmoid(x);
        return sigmoid * (1 + (x * (1 - sigmoid)));
    }

    /// <summary>A sum in any order: every term takes part in at most as many roundings as there are terms.</summary>
    public static Bounded Sum(IEnumerable<Bounded> terms)
    {
        double sum = 0, error = 0, magnitude = 0;
        int count = 0;
        foreach (Bounded term in terms)
        {
            sum += term.Value;
            error += term.Error;
            magnitude += Math.Abs(term.Value) + term.Error;
            count++;
        }
        return new(sum, error + (count * Unit * magnitude));
    }

    /// <summary>Fails unless every value is within its bound.</summary>
    public static void AssertWithin(ReadOnlySpan<float> actual, ReadOnlySpan<Bounded> expected, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - expected[i].Value) <= expected[i].Error))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, must be {expected[i].Value:R} ± {expected[i].Error:G3}");
        }
    }

    private static Bounded Rounded(double value, double error) => new(value, error + (Unit * (Math.Abs(value) + error)) + float.Epsilon);
}
