namespace HymbaSharp.Generation;

/// <summary>
/// One element of a generation's stream. The texts of all updates, joined, are the generated text:
/// <c>await foreach (var update in session.GenerateAsync(prompt)) Console.Write(update.Text);</c>
/// </summary>
public sealed record GenerationUpdate
{
    /// <summary>
    /// The text that became final, possibly empty: a token may end inside a character, and text that could begin a stop string is held
    /// back until it is known not to.
    /// </summary>
    public string Text { get; init; } = "";

    /// <summary>The tokens generated since the update before. Their text may come in a later update.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>One element for each of <see cref="Tokens"/> where <see cref="GenerationOptions.LogProbabilities"/> asks for them, else empty.</summary>
    public IReadOnlyList<TokenLogProbabilities> LogProbabilities { get; init; } = [];

    /// <summary>Why the generation ended; set on the last update only.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>The stop string that ended the text, where <see cref="FinishReason"/> is <see cref="FinishReason.StopString"/>.</summary>
    public string? StopString { get; init; }

    /// <summary>What the generation cost; set on the last update only.</summary>
    public GenerationStatistics? Statistics { get; init; }
}
