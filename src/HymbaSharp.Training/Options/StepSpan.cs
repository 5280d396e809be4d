namespace HymbaSharp.Training.Options;

/// <summary>A part of a run: a number of steps, or a share of all its steps, whose number may not be known yet.</summary>
internal readonly record struct StepSpan
{
    private StepSpan(long count, double share)
    {
        Count = count;
        Share = share;
    }

    /// <summary>The number of steps; 0 where <see cref="Share"/> says it.</summary>
    public long Count { get; }

    /// <summary>The share of all steps, 0 to below 1; 0 where <see cref="Count"/> says it.</summary>
    public double Share { get; }

    /// <summary>So many steps, 0 or more.</summary>
    public static StepSpan OfSteps(long count) => new(count, 0);

    /// <summary>This share of all steps, 0 to below 1.</summary>
    public static StepSpan OfShare(double share) => new(0, share);

    /// <summary>The number of steps in a run of <paramref name="steps"/>, at most all of them; a share is rounded to the nearest.</summary>
    public long Of(long steps) => Math.Min(Count > 0 ? Count : (long)Math.Round(Share * steps), steps);
}
