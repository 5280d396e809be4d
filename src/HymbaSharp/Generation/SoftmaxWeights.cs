using System.Numerics;

namespace HymbaSharp.Generation;

/// <summary>
/// The exponentials of a softmax, the same to the last bit on every machine: only additions and multiplications in a fixed order per
/// element, none fused, and a sum in ascending order. The runtime's own exponential differs between operating systems and vector widths,
/// and a last bit can turn a draw into another token.
/// </summary>
internal static class SoftmaxWeights
{
    // e⁻⁷⁰⁰ ≈ 10⁻³⁰⁴: below it a weight is 0, which keeps 2ⁿ a normal number.
    private const double Lowest = -700;

    // Adding 1.5 · 2⁵² rounds to an integer and leaves it in the low bits.
    private const double Round = 6755399441055744;

    // ln 2 in two parts, the first with enough trailing zero bits that n · high is exact.
    private const double Ln2High = 0.693147180369123816490, Ln2Low = 1.90821492927058770002e-10;

    /// <summary>weights[i] = exp((logits[i] − max) · inverseTemperature), and their sum. Not a number and −∞ weigh 0, +∞ as much as max.</summary>
    public static double Compute(ReadOnlySpan<float> logits, float max, double inverseTemperature, Span<double> weights)
    {
        int i = 0;
        for (; i <= logits.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(logits[i..]), out Vector<double> low, out Vector<double> high);
            Weigh(low, max, inverseTemperature).CopyTo(weights[i..]);
            Weigh(high, max, inverseTemperature).CopyTo(weights[(i + Vector<double>.Count)..]);
        }
        for (; i < logits.Length; i++)
            weights[i] = Weigh(new Vector<double>(logits[i]), max, inverseTemperature)[0];
        return Sum(weights[..logits.Length]);
    }

    public static double Sum(ReadOnlySpan<double> weights)
    {
        double sum = 0;
        foreach (double weight in weights)
            sum += weight;
        return sum;
    }

    private static Vector<double> Weigh(Vector<double> logits, double max, double inverseTemperature)
    {
        Vector<double> x = (logits - new Vector<double>(max)) * inverseTemperature;
        Vector<long> positive = Vector.GreaterThanOrEqual(x, new Vector<double>(Lowest));
        x = Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<double>.Zero), Vector<double>.Zero, x);
        return Vector.ConditionalSelect(positive, Exp(x), Vector<double>.Zero);
    }

    // eˣ = 2ⁿ · eʳ with |r| ≤ ln 2 / 2, eʳ by its Taylor series to r¹²/12!, whose remainder is below half a unit in the last place.
    private static Vector<double> Exp(Vector<double> x)
    {
        Vector<double> rounded = x * 1.4426950408889634 + new Vector<double>(Round);
        Vector<double> n = rounded - new Vector<double>(Round);
        Vector<double> r = x - n * Ln2High - n * Ln2Low;
        Vector<double> series = new(1.0 / 479001600);
        series = series * r + new Vector<double>(1.0 / 39916800);
        series = series * r + new Vector<double>(1.0 / 3628800);
        series = series * r + new Vector<double>(1.0 / 362880);
        series = series * r + new Vector<double>(1.0 / 40320);
        series = series * r + new Vector<double>(1.0 / 5040);
        series = series * r + new Vector<double>(1.0 / 720);
        series = series * r + new Vector<double>(1.0 / 120);
        series = series * r + new Vector<double>(1.0 / 24);
        series = series * r + new Vector<double>(1.0 / 6);
        series = series * r + new Vector<double>(0.5);
        series = series * r + Vector<double>.One;
        series = series * r + Vector<double>.One;
        Vector<long> exponent = Vector.ShiftLeft(Vector.AsVectorInt64(rounded), 52);
        return Vector.AsVectorDouble(Vector.AsVectorInt64(series) + exponent);
    }
}
