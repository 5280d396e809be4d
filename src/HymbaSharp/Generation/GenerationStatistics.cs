namespace HymbaSharp.Generation;

/// <summary>What a generation cost. The rates are 0 where nothing was done or no time was measured.</summary>
public sealed record GenerationStatistics
{
    /// <summary>Tokens of the prompt, those found in the cache included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that an earlier state already held, so that they were not computed.</summary>
    public required int CachedPromptTokens { get; init; }

    /// <summary>Tokens generated, a final end-of-text or stop token included.</summary>
    public required int GeneratedTokens { get; init; }

    /// <summary>Time to compute the prompt, until the logits of its last token.</summary>
    public required TimeSpan PromptTime { get; init; }

    /// <summary>Time from the first generated token to the end: the steps after the prompt, with their sampling.</summary>
    public required TimeSpan DecodeTime { get; init; }

    /// <summary>Time from the request to the first generated token, waiting included.</summary>
    public required TimeSpan TimeToFirstToken { get; init; }

    /// <summary>Bytes of weights read while decoding: once for each step. Sequences that share a step share one read; each counts it whole.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Tokens that were guessed and checked while decoding.</summary>
    public int DraftedTokens { get; init; }

    /// <summary>Those of them that were right, so that they cost no step of their own.</summary>
    public int AcceptedTokens { get; init; }

    /// <summary>Computed prompt tokens (those not cached) per second of <see cref="PromptTime"/>.</summary>
    public double PromptTokensPerSecond => Rate(PromptTokens - CachedPromptTokens, PromptTime);

    /// <summary>
    /// Tokens per second of <see cref="DecodeTime"/>. The first generated token comes from the prompt's logits and is not counted.
    /// </summary>
    public double DecodeTokensPerSecond => Rate(GeneratedTokens - 1, DecodeTime);

    /// <summary>Weights read while decoding, in 10⁹ bytes per second of <see cref="DecodeTime"/>.</summary>
    public double DecodeGigabytesPerSecond => Rate(BytesRead, DecodeTime) / 1e9;

    private static double Rate(long amount, TimeSpan time) => amount > 0 && time > TimeSpan.Zero ? amount / time.TotalSeconds : 0;
}
