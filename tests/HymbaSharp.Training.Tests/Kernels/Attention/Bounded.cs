namespace HymbaSharp.Training.Tests.Kernels.Attention;

/// <summary>
/// Sums in double, each with how far float32 may be off it to first order: the errors of its terms, for each term a rounding of the whole, and
/// what exp loses where it leaves float32's normal numbers.
/// </summary>
internal sealed class Bounded(int count)
{
    /// <summary>The largest relative error of one rounding to float32.</summary>
    public const double Unit = 1.0 / (1 << 24);

    private const double Subnormal = 1.2e-38;

    private readonly double[] _errors = new double[count];
    private readonly double[] _absolute = new double[count];
    private readonly int[] _terms = new int[count];

    public double[] Values { get; } = new double[count];

    /// <summary>Adds a term that is off by <paramref name="error"/>.</summary>
    public void Add(int index, double term, double error)
    {
        Values[index] += term;
        _errors[index] += error;
        _absolute[index] += Math.Abs(term);
        _terms[index]++;
    }

    public double Allowed(int index) => _errors[index] + ((_terms[index] + 2) * ((Unit * _absolute[index]) + Subnormal));

    public void AssertMet(ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(count, actual.Length);
        for (int i = 0; i < count; i++)
        {
            if (!(Math.Abs(actual[i] - Values[i]) <= Allowed(i)))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, must be {Values[i]:R} ± {Allowed(i):G3}");
        }
    }
}
