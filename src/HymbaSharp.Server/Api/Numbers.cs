using HymbaSharp.Generation;

namespace HymbaSharp.Server.Api;

/// <summary>Numbers as replies give them.</summary>
internal static class Numbers
{
    /// <summary>JSON has no infinities: what can't be is as improbable as OpenAI says it.</summary>
    public static double Finite(double logProbability) => double.IsFinite(logProbability) ? logProbability : -9999;

    /// <summary>What all replies to a prompt cost: the prompt once.</summary>
    public static Usage Usage(IEnumerable<GenerationStatistics?> replies)
    {
        GenerationStatistics[] known = [.. replies.OfType<GenerationStatistics>()];
        int prompt = known.Length == 0 ? 0 : known[0].PromptTokens, completion = known.Sum(reply => reply.GeneratedTokens);
        return new Usage(prompt, completion, prompt + completion, new PromptTokensDetails(known.Length == 0 ? 0 : known[0].CachedPromptTokens));
    }
}
