using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

/// <summary>A whole generation.</summary>
internal sealed record Generated(string Text, int[] Tokens, TokenLogProbabilities[] LogProbabilities, GenerationUpdate Last)
{
    public FinishReason Reason => Last.FinishReason!.Value;

    public GenerationStatistics Statistics => Last.Statistics!;

    /// <summary>Collects a generation, and checks what holds for every one.</summary>
    public static async Task<Generated> Of(IAsyncEnumerable<GenerationUpdate> updates, Action<int>? seen = null)
    {
        List<GenerationUpdate> all = [];
        await foreach (GenerationUpdate update in updates)
        {
            all.Add(update);
            seen?.Invoke(all.Count);
        }
        Assert.All(all.SkipLast(1), update => Assert.True(update.FinishReason is null && update.Statistics is null && update.StopString is null));
        Assert.NotNull(all[^1].FinishReason);
        int[] tokens = [.. all.SelectMany(update => update.Tokens)];
        Assert.Equal(tokens.Length, all[^1].Statistics!.GeneratedTokens);
        return new Generated(string.Concat(all.Select(update => update.Text)), tokens, [.. all.SelectMany(update => update.LogProbabilities)], all[^1]);
    }
}
