using HymbaSharp.Generation;

namespace HymbaSharp.Cli;

/// <summary>A generation's end in words.</summary>
internal static class GenerationSummary
{
    /// <summary>What was read and written, how fast, and why it ended.</summary>
    public static string Of(GenerationUpdate last)
    {
        GenerationStatistics statistics = last.Statistics!;
        string kept = statistics.CachedPromptTokens > 0 ? $" ({statistics.CachedPromptTokens} kept)" : "";
        string guessed = statistics.DraftedTokens > 0 ? $" ({statistics.AcceptedTokens} of {statistics.DraftedTokens} guesses right)" : "";
        return $"[prompt {statistics.PromptTokens} tokens{kept}, {statistics.PromptTokensPerSecond:0.0}/s; "
            + $"text {statistics.GeneratedTokens} tokens{guessed}, {statistics.DecodeTokensPerSecond:0.0}/s, {statistics.DecodeGigabytesPerSecond:0.0} GB/s; {Reason(last)}]";
    }

    private static string Reason(GenerationUpdate last) => last.FinishReason switch
    {
        FinishReason.EndOfText => "ended by the model",
        FinishReason.NewTurn => "ended at a new turn",
        FinishReason.StopString => $"ended before \"{last.StopString!.ReplaceLineEndings("\\n")}\"",
        FinishReason.StopToken => "ended at a stop token",
        FinishReason.MaxTokens => "ended by -n",
        FinishReason.ContextLimit => "ended at the end of the context",
        _ => "interrupted",
    };
}
