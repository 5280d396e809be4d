using CsCheck;
using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class LogProbabilitiesTests
{
    [Fact]
    public void Are_the_log_softmax_of_the_logits() =>
        (from logits in Gen.OneOf(Gen.Int[-9, 9].Select(i => (float)i), Gen.Int[-30_000, 30_000].Select(i => i / 1024f)).Array[1, 1500]
         from chosen in Gen.Int[0, logits.Length - 1]
         from count in Gen.Int[0, 20]
         select (logits, chosen, count)).Sample((logits, chosen, count) =>
        {
            double normalizer = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            TokenLogProbabilities actual = LogProbabilities.Compute(logits, chosen, count);
            Assert.Equal(chosen, actual.Chosen.Token);
            Assert.Equal(logits[chosen] - normalizer, actual.Chosen.LogProbability, 1e-11);
            int[] largest = [.. Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).ThenBy(token => token).Take(count)];
            Assert.Equal(largest, actual.Top.Select(entry => entry.Token));
            Assert.All(actual.Top, entry => Assert.Equal(logits[entry.Token] - normalizer, entry.LogProbability, 1e-11));
        });

    [Fact]
    public void Tokens_without_probability_are_not_among_the_top()
    {
        TokenLogProbabilities actual = LogProbabilities.Compute([float.NaN, 1, float.NegativeInfinity, 1], 0, 20);
        Assert.Equal(new TokenLogProbability(0, double.NegativeInfinity), actual.Chosen);
        Assert.Equal([1, 3], actual.Top.Select(entry => entry.Token));
        Assert.All(actual.Top, entry => Assert.Equal(-Math.Log(2), entry.LogProbability, 1e-15));
    }

    [Fact]
    public void An_infinite_logit_takes_all() =>
        Assert.Equal(0, LogProbabilities.Compute([0, float.PositiveInfinity, 3], 1, 2).Chosen.LogProbability);

    [Fact]
    public void Logits_without_a_number_are_refused() =>
        Assert.Throws<GenerationException>(() => LogProbabilities.Compute([float.NaN, float.NegativeInfinity], 0, 1));
}
