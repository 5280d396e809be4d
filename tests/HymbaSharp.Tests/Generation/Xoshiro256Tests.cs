using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class Xoshiro256Tests
{
    [Fact]
    public void Gives_the_published_sequence()
    {
        Xoshiro256 random = new(1, 2, 3, 4);
        ulong[] expected = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600];
        Assert.Equal(expected, expected.Select(_ => random.Next()).ToArray());
    }

    [Fact]
    public void Seeds_with_the_published_sequence_of_SplitMix64()
    {
        (ulong s0, ulong s1, ulong s2, ulong s3) = new Xoshiro256(1234567).State;
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431], (ulong[])[s0, s1, s2, s3]);
    }

    [Fact]
    public void Fractions_fill_the_unit_interval_evenly()
    {
        Xoshiro256 random = new(7);
        int[] buckets = new int[16];
        for (int i = 0; i < 160_000; i++)
            buckets[(int)(random.NextDouble() * 16)]++;
        double chiSquared = buckets.Sum(count => Math.Pow(count - 10_000, 2) / 10_000);
        Assert.InRange(chiSquared, 3, 38); // 15 degrees of freedom: 0.1 % beyond on either side
    }
}
