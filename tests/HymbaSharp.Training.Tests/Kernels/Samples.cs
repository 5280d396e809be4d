using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>Numbers that tests compute with, the same in every run, all exact in float32.</summary>
internal sealed class Samples(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Of either sign and of magnitude 0.5 … 1, so that no term of a sum is small beside the others: one that is wrong shows.</summary>
    public double[] Terms(int count) => Fill(count, () => (0.5f + (0.5f * _random.NextSingle())) * ((_random.Next(2) * 2) - 1));

    public double[] Uniform(int count, float from, float to) => Fill(count, () => from + ((to - from) * _random.NextSingle()));

    /// <summary>Documents of these lengths, one after another.</summary>
    public static RowRange[] Documents(params ReadOnlySpan<int> counts)
    {
        RowRange[] documents = new RowRange[counts.Length];
        int start = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            documents[i] = new RowRange(start, counts[i]);
            start += counts[i];
        }
        return documents;
    }

    private static double[] Fill(int count, Func<float> next)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
            values[i] = next();
        return values;
    }
}
