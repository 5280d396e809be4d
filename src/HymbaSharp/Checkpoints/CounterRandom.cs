using System.IO.Hashing;
using System.Text;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// Random numbers by position: the i-th depends on the seed, the name and i alone, so that threads may share the work in any way.
/// Only operations that IEEE 754 defines to the last bit are used (no library logarithm or sine): every machine draws the same.
/// </summary>
internal readonly struct CounterRandom
{
    private const double LogOfTwo = 0.693147180559945309417;
    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly ulong _key;

    public CounterRandom(ulong seed, string name) => _key = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(name), (long)seed);

    /// <summary>Fills with numbers from [−bound, bound); <paramref name="start"/> is the position of the first.</summary>
    public void Uniform(Span<float> values, long start, double bound)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(((2 * Fraction(start + i)) - 1) * bound);
    }

    /// <summary>Fills with numbers of mean 0 by Box and Muller's method; <paramref name="start"/> is the even position of the first.</summary>
    public void Normal(Span<float> values, long start, double deviation)
    {
        for (int i = 0; i < values.Length; i += 2)
        {
            // 1 − fraction lies in (0, 1], where the logarithm is finite.
            double radius = deviation * Math.Sqrt(-2 * Log(1 - Fraction(start + i)));
            var (sine, cosine) = SinCosOfTurn(Fraction(start + i + 1));
            values[i] = (float)(radius * cosine);
            if (i + 1 < values.Length)
                values[i + 1] = (float)(radius * sine);
        }
    }

    /// <summary>A multiple of 2⁻⁵³ in [0, 1): SplitMix64 at a position.</summary>
    public double Fraction(long position)
    {
        ulong z = _key + ((ulong)position * Step);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1L << 53));
    }

    /// <summary>Natural logarithm of a positive normal number, to 1e-13.</summary>
    public static double Log(double x)
    {
        const long MantissaMask = (1L << 52) - 1;
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & MantissaMask) | (1023L << 52));
        // From [1, 2) to [√½, √2), where the series in (m − 1) / (m + 1) is short.
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }
        double s = (mantissa - 1) / (mantissa + 1);
        double q = s * s;
        double series = Polynomial(q, [1, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15]);
        return (exponent * LogOfTwo) + (2 * s * series);
    }

    /// <summary>Exponential function for −20 to 20, to 1e-13.</summary>
    public static double Exp(double x)
    {
        double doublings = Math.Round(x / LogOfTwo);
        double remainder = x - (doublings * LogOfTwo);
        double term = 1, sum = 1;
        for (int n = 1; n <= 14; n++)
        {
            term *= remainder / n;
            sum += term;
        }
        return Math.ScaleB(sum, (int)doublings);
    }

    /// <summary>
    /// Sine and cosine, to 1e-10, of an angle given as a fraction of a full turn, less an eighth of a turn: that puts each quarter's
    /// series around zero, and an angle drawn uniformly stays uniform.
    /// </summary>
    private static (double Sine, double Cosine) SinCosOfTurn(double turn)
    {
        int quarter = (int)(4 * turn);
        double x = ((4 * turn) - quarter - 0.5) * 1.57079632679489662;
        double q = x * x;
        double sine = x * Polynomial(q, [1, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362_880, -1.0 / 39_916_800]);
        double cosine = Polynomial(q, [1, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40_320, -1.0 / 3_628_800, 1.0 / 479_001_600]);
        return quarter switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }

    private static double Polynomial(double x, ReadOnlySpan<double> coefficients)
    {
        double value = 0;
        for (int i = coefficients.Length - 1; i >= 0; i--)
            value = (value * x) + coefficients[i];
        return value;
    }
}
