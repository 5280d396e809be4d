using CsCheck;
using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class SoftmaxWeightsTests
{
    [Fact]
    public void Agrees_with_the_exponential_to_the_last_bits() =>
        Gen.Select(Gen.Float[-690, 0].Array[0, 70], Gen.Float[0.1f, 1f]).Sample((logits, inverseTemperature) =>
        {
            double[] weights = new double[logits.Length];
            double sum = SoftmaxWeights.Compute(logits, 0, inverseTemperature, weights);
            Assert.Equal(weights.Sum(), sum);
            for (int i = 0; i < logits.Length; i++)
            {
                double expected = Math.Exp(logits[i] * (double)inverseTemperature);
                Assert.InRange(weights[i], expected * (1 - 1e-15), expected * (1 + 1e-15));
            }
        });

    [Fact]
    public void The_largest_weighs_one_and_what_has_no_probability_nothing()
    {
        float[] logits = [5, float.NaN, float.NegativeInfinity, float.PositiveInfinity, -2000, 5, 4, float.NaN, float.MinValue, float.NegativeInfinity];
        double[] weights = new double[logits.Length];
        SoftmaxWeights.Compute(logits, 5, 1, weights);
        Assert.Equal([1, 0, 0, 1, 0, 1], weights[..6]);
        Assert.Equal([0, 0, 0], weights[7..]);
    }

    [Fact]
    public void A_weight_does_not_depend_on_its_place()
    {
        float[] logits = [.. Enumerable.Range(0, 67).Select(i => -0.37f * i)];
        double[] together = new double[67], alone = new double[1];
        SoftmaxWeights.Compute(logits, 0, 1.25, together);
        for (int i = 0; i < logits.Length; i++)
        {
            SoftmaxWeights.Compute(logits.AsSpan(i, 1), 0, 1.25, alone);
            Assert.Equal(BitConverter.DoubleToInt64Bits(alone[0]), BitConverter.DoubleToInt64Bits(together[i]));
        }
    }

    [Fact]
    public void The_weights_are_these_bits_on_every_machine()
    {
        float[] logits = [.. Enumerable.Range(0, 1001).Select(i => i * 7919 % 1000 / -8f)];
        double[] weights = new double[logits.Length];
        double sum = SoftmaxWeights.Compute(logits, 0, 1.25, weights);
        ulong hash = weights.Aggregate(0UL, (hash, weight) => hash * 31 + BitConverter.DoubleToUInt64Bits(weight));
        Assert.Equal((12792630226521958937UL, 4620595281884714686UL), (hash, BitConverter.DoubleToUInt64Bits(sum)));
    }
}
