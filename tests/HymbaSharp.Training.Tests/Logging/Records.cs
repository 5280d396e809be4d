using HymbaSharp.Training.Logging;

namespace HymbaSharp.Training.Tests.Logging;

/// <summary>Records of tests.</summary>
internal static class Records
{
    /// <summary>A record of a step that took 2 seconds and 100 tokens.</summary>
    public static StepRecord Of(long step, double? loss = 2.5) => new()
    {
        Step = step,
        Tokens = 100 * step,
        Seconds = 2 * step,
        Loss = loss,
        LearningRate = 3e-4,
        GradientNorm = 1.25,
        TokensPerSecond = 12_345,
        Mfu = 0.415,
    };
}
