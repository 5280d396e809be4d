using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Loop;

/// <summary>The learning rate of each step, as a share of the highest: up from zero, then as the schedule has it.</summary>
/// <param name="Schedule">How it goes on after the warm-up.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="WarmupSteps">Steps of the rise.</param>
/// <param name="DecaySteps">Steps of the fall at the end, of <see cref="LearningRateSchedule.WarmupStableDecay"/>.</param>
/// <param name="Least">The share that is left at the end.</param>
internal sealed record LearningRates(LearningRateSchedule Schedule, long Steps, long WarmupSteps, long DecaySteps, double Least)
{
    /// <summary>The share at a step, 0 … Steps − 1.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return (step + 1.0) / WarmupSteps;
        return Schedule switch
        {
            LearningRateSchedule.Cosine => Least + ((1 - Least) * (1 + Math.Cos(Math.PI * Passed(step, WarmupSteps))) / 2),
            LearningRateSchedule.WarmupStableDecay => 1 - ((1 - Least) * Passed(step, Math.Max(WarmupSteps, Steps - DecaySteps))),
            _ => 1,
        };
    }

    // The step after the last would be at the end.
    private double Passed(long step, long start) => Math.Clamp((step + 1.0 - start) / Math.Max(Steps - start, 1), 0, 1);
}
