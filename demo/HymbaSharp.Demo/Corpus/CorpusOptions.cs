using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Corpus;

/// <summary>What a corpus is made of.</summary>
internal sealed record CorpusOptions
{
    /// <summary>What everything is drawn from, any number. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Documents of pretraining, 0 or more. Default 120 000.</summary>
    public int Documents { get; init; } = 120_000;

    /// <summary>Conversations of fine-tuning, 0 or more. Default 110 000.</summary>
    public int Conversations { get; init; } = 110_000;

    /// <summary>How often each skill is drawn in fine-tuning, relative to the others: context, tools, sums, roles, identity. Default 44, 36, 8, 5, 7.</summary>
    public IReadOnlyList<int> Shares { get; init; } = [44, 36, 8, 5, 7];

    /// <summary>In how many ways things are said, in fine-tuning and preference. Default few.</summary>
    public Wordings Wordings { get; init; }

    /// <summary>Pairs of preference, 0 or more. Default 8 000.</summary>
    public int Pairs { get; init; } = 8_000;

    /// <summary>Held-out questions of each skill, and held-out pairs, 0 or more. Default 200.</summary>
    public int Questions { get; init; } = 200;
}
