namespace HymbaSharp.Training.Options;

/// <summary>How the learning rate goes on after the warm-up.</summary>
internal enum LearningRateSchedule
{
    /// <summary>Warm-up, stable, decay (Hu et al. 2024): constant, then down over the last steps.</summary>
    WarmupStableDecay,

    /// <summary>Half a cosine down to the end (Loshchilov and Hutter 2017).</summary>
    Cosine,

    /// <summary>The same to the end.</summary>
    Constant,
}

/// <summary>AdamW (Loshchilov and Hutter 2019), its learning rate, and how much a step takes in: <c>[optimizer]</c>.</summary>
internal sealed record OptimizerOptions
{
    /// <summary>The highest learning rate, above 0. Default 3e-4.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>The decay of the gradients' running mean, 0 to below 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the squared gradients' running mean, 0 to below 1. Default 0.95.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the squared gradients' mean, above 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The share of a weight that is taken off in each step, times the learning rate. 0 or more. Default 0.1.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Gradients with a larger norm, over all parameters, are scaled down to it. 0 or more; 0 is off. Default 1.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>How the learning rate goes on after the warm-up: wsd, cosine or constant. Default: wsd.</summary>
    public LearningRateSchedule Schedule { get; init; }

    /// <summary>Steps over which the learning rate rises from 0. Default: a hundredth of all.</summary>
    public StepSpan Warmup { get; init; } = StepSpan.OfShare(0.01);

    /// <summary>Last steps over which wsd lets the learning rate fall. Default: a tenth of all.</summary>
    public StepSpan Decay { get; init; } = StepSpan.OfShare(0.1);

    /// <summary>Where wsd and cosine end, as a share of the highest learning rate, 0 to 1. Default 0.1.</summary>
    public double MinRatio { get; init; } = 0.1;

    /// <summary>Ends the run after so many steps, 1 or more. Default null: <see cref="Epochs"/> decides. Where both are given, what comes first.</summary>
    public long? Steps { get; init; }

    /// <summary>Ends the run after so many passes over the data, above 0. Default null: one pass, or as many as <see cref="Steps"/> needs.</summary>
    public double? Epochs { get; init; }

    /// <summary>Tokens of one step, 1 to 2³⁰. Default 65536.</summary>
    public int BatchTokens { get; init; } = 65536;

    /// <summary>The most tokens computed at once; a step adds up the gradients of several. At least the longest sequence, at most a batch. Default 8192.</summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>Computes a layer's activations again in the backward pass in place of keeping them: less memory, a third more work. Default false.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Ends the run after so many steps in a row whose loss or gradient is no finite number; such a step changes nothing. 1 or more. Default 5.</summary>
    public int BadStepLimit { get; init; } = 5;
}
