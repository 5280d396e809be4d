using HymbaSharp.Checkpoints;

namespace HymbaSharp.Training.Options;

/// <summary>What a run learns from its data.</summary>
internal enum Objective
{
    /// <summary>Every next token: pretraining, or more of it.</summary>
    LanguageModel,

    /// <summary>The replies of conversations: supervised fine-tuning.</summary>
    SupervisedFineTuning,

    /// <summary>Preferred replies over rejected ones: direct preference optimisation (Rafailov et al. 2023).</summary>
    DirectPreference,
}

/// <summary>What is trained, from what, and where it goes: <c>[run]</c>.</summary>
internal sealed record RunOptions
{
    /// <summary>The value of <see cref="Train"/> that trains every parameter.</summary>
    public const string All = "all";

    /// <summary>The value of <see cref="Train"/> that trains an adapter beside frozen weights.</summary>
    public const string Adapter = "adapter";

    /// <summary>What is learned: lm, sft or dpo. Default: lm.</summary>
    public Objective Objective { get; init; }

    /// <summary>The folder of the model to start from. Exactly one of it and <see cref="Config"/> is given.</summary>
    public string? Model { get; init; }

    /// <summary>A configuration (a config.json, or a folder that holds one) to start from random weights. Default null.</summary>
    public string? Config { get; init; }

    /// <summary>The folder of the tokenizer. Default null: the model's, or the configuration's folder.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The folder that the run writes to. Required.</summary>
    public string? Output { get; init; }

    /// <summary>
    /// The parameters that are trained: <c>all</c>, <c>adapter</c>, or patterns of parameter names, as in <c>memory_tokens</c>. Default: all.
    /// </summary>
    public IReadOnlyList<string> Train { get; init; } = [All];

    /// <summary>Decides initial weights, the order of the data and dropout; the same seed repeats a run. 0 or more. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Where to compute: cpu, cuda or cuda:N. Default: cpu.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The type of weights and activations while training: float32, or float64 to check gradients. Default: float32.</summary>
    public ElementType Dtype { get; init; } = ElementType.F32;

    /// <summary>Threads that compute, 1 to 1024. Default null: one for each processor.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether every parameter is trained.</summary>
    public bool TrainsAll => Train is [All];

    /// <summary>Whether an adapter is trained.</summary>
    public bool TrainsAdapter => Train is [Adapter];
}
