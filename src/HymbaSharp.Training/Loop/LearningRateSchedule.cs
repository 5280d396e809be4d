namespace HymbaSharp.Training.Loop;

/// <summary>How the learning rate goes over a run.</summary>
internal enum ScheduleKind
{
    /// <summary>Up, then held.</summary>
    Constant,

    /// <summary>Up, then half a cosine down (arXiv 1608.03983).</summary>
    Cosine,

    /// <summary>Up, held, and linearly down at the end: warm-up, stable, decay (arXiv 2404.06395).</summary>
    Wsd,
}

/// <summary>The learning rate of each step, as a share of the peak.</summary>
/// <param name="Kind">Its shape.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="WarmupSteps">Steps of the rise from zero.</param>
/// <param name="DecaySteps">Steps of the fall at the end, of <see cref="ScheduleKind.Wsd"/>.</param>
/// <param name="Least">The share that is left at the end.</param>
internal sealed record LearningRateSchedule(ScheduleKind Kind, long Steps, long WarmupSteps, long DecaySteps, double Least)
{
    /// <summary>The share at a step, 0 … Steps − 1.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return (step + 1.0) / WarmupSteps;
        return Kind switch
        {
            ScheduleKind.Cosine => Least + ((1 - Least) * (1 + Math.Cos(Math.PI * Passed(step, WarmupSteps))) / 2),
            ScheduleKind.Wsd => 1 - ((1 - Least) * Passed(step, Math.Max(WarmupSteps, Steps - DecaySteps))),
            _ => 1,
        };
    }

    // The step after the last would be at the end.
    private double Passed(long step, long start) => Math.Clamp((step + 1.0 - start) / Math.Max(Steps - start, 1), 0, 1);
}
