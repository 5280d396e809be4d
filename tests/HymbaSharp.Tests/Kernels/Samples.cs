namespace HymbaSharp.Tests.Kernels;

/// <summary>Numbers that tests compute with, the same in every run.</summary>
internal sealed class Samples(int seed)
{
    private readonly Random _random = new(seed);

    public static readonly float[] Special =
    [
        0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, 1e-40f, -1e-40f, 1.17549435e-38f,
        1e-30f, 1e30f, -1e30f, 1e38f, -1e38f, 88.3f, -88.3f, 88.8f, -88.8f, 104f, -104f, 20f, -20f, 1f, -1f,
    ];

    /// <summary>Of either sign and of magnitude 0.5 … 1, so that no term of a sum is small beside the others: one that is wrong shows.</summary>
    public float[] Terms(int count) => Fill(count, () => (0.5f + (0.5f * _random.NextSingle())) * (_random.Next(2) * 2 - 1));

    public float[] Uniform(int count, float from, float to) => Fill(count, () => from + ((to - from) * _random.NextSingle()));

    public int Integer(int from, int to) => _random.Next(from, to + 1);

    /// <summary>Special values one in four, else ordinary ones.</summary>
    public float[] Mixed(int count) => Fill(count, () => _random.Next(4) == 0 ? Special[_random.Next(Special.Length)] : (4 * _random.NextSingle()) - 2);

    private static float[] Fill(int count, Func<float> next)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = next();
        return values;
    }
}
