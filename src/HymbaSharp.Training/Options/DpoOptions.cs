namespace HymbaSharp.Training.Options;

/// <summary>When the reference model's log-probabilities are computed.</summary>
internal enum ReferencePass
{
    /// <summary>With each batch: the reference model stays in memory.</summary>
    Live,

    /// <summary>Once, before training.</summary>
    Precomputed,
}

/// <summary>Direct preference optimisation: <c>[dpo]</c>.</summary>
internal sealed record DpoOptions
{
    /// <summary>How strongly the model is held to the reference, above 0; β of Rafailov et al. 2023. Default 0.1.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The share of preferences taken to be the wrong way round, 0 to below 0.5 (Mitchell 2023, conservative DPO). Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// What the chosen replies' own loss, the mean over their tokens, counts beside the preference, 0 or more (α of Pang et al. 2024, arXiv 2404.19733). Above 0 it keeps
    /// the right reply from becoming less probable together with the wrong one. Default 0.
    /// </summary>
    public double NllWeight { get; init; }

    /// <summary>When the reference's log-probabilities are computed: live or precomputed. Default: live.</summary>
    public ReferencePass Reference { get; init; }

    /// <summary>The folder of the reference model. Default null: the model that the run starts from.</summary>
    public string? ReferenceModel { get; init; }
}
