using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class LearningRatesTests
{
    [Fact]
    public void Wsd_rises_holds_and_falls()
    {
        LearningRates rates = new(LearningRateSchedule.WarmupStableDecay, Steps: 100, WarmupSteps: 10, DecaySteps: 20, Least: 0.1);

        Assert.Equal(0.1, rates.At(0), 1e-12);
        Assert.Equal(1, rates.At(9), 1e-12);
        Assert.Equal(1, rates.At(79), 1e-12);
        Assert.Equal(0.55, rates.At(89), 1e-12);
        Assert.Equal(0.1, rates.At(99), 1e-12);
    }

    [Fact]
    public void Cosine_falls_by_half_in_the_middle()
    {
        LearningRates rates = new(LearningRateSchedule.Cosine, Steps: 110, WarmupSteps: 10, DecaySteps: 0, Least: 0);

        Assert.Equal(1, rates.At(9), 1e-12);
        Assert.Equal(0.5, rates.At(59), 1e-12);
        Assert.Equal(0, rates.At(109), 1e-12);
    }

    [Fact]
    public void Constant_stays() => Assert.Equal(1, new LearningRates(LearningRateSchedule.Constant, 100, 0, 0, 0).At(99));

    [Theory]
    [InlineData(nameof(LearningRateSchedule.WarmupStableDecay))]
    [InlineData(nameof(LearningRateSchedule.Cosine))]
    public void A_run_of_one_step_has_a_rate(string schedule) =>
        Assert.InRange(new LearningRates(Enum.Parse<LearningRateSchedule>(schedule), 1, 0, 1, 0.1).At(0), 0.0999, 1);
}
