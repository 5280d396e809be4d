using HymbaSharp.Generation;

namespace HymbaSharp.Batching;

/// <summary>A prompt and what is to be made of it.</summary>
public sealed record EngineRequest
{
    /// <summary>The most replies to one prompt.</summary>
    public const int MaxReplies = 128;

    /// <summary>The prompt's ids, one or more.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>How to go on from it. <see cref="GenerationOptions.DraftTokens"/> is not used: steps are shared.</summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>Replies to the prompt, which is computed once for all of them: 1 to <see cref="MaxReplies"/> and to the engine's sequences. The i-th draws from seed + i. Default 1.</summary>
    public int Replies { get; init; } = 1;

    /// <summary>Reports the log-probability of each token of the prompt after the first, with this many of the most probable ones in its place; all of the prompt is then computed. 0 to <see cref="GenerationOptions.MaxLogProbabilities"/>; default null: none.</summary>
    public int? PromptLogProbabilities { get; init; }

    /// <summary>Whether the reply goes on with the prompt's text, so that its leading space is kept; false (the default) where it is a text of its own.</summary>
    public bool ContinuesText { get; init; }

    internal void Validate(HymbaModel model, int maxSequences)
    {
        Options.Validate(model.Config.VocabularySize);
        if (Prompt.Length == 0)
            throw new GenerationException("The prompt is empty: at least one token is needed to go on from.");
        if (Replies < 1 || Replies > Math.Min(MaxReplies, maxSequences))
            throw new GenerationOptionsException(nameof(Replies), Replies, $"1 to {Math.Min(MaxReplies, maxSequences)}");
        if (PromptLogProbabilities is < 0 or > GenerationOptions.MaxLogProbabilities)
            throw new GenerationOptionsException(nameof(PromptLogProbabilities), PromptLogProbabilities, $"0 to {GenerationOptions.MaxLogProbabilities}, or null for none");
        foreach (int token in Prompt.Span)
        {
            if ((uint)token >= (uint)model.Config.VocabularySize)
                throw new GenerationException($"The prompt holds token {token}; token ids are 0 to {model.Config.VocabularySize - 1}.");
        }
        // The first token chosen needs no place, for it has not passed.
        if (Prompt.Length > model.ContextLength)
            throw new State.ContextLengthException(0, Prompt.Length, model.ContextLength);
    }
}

/// <summary>One element of the stream of a request's replies.</summary>
/// <param name="Reply">Which reply, from 0 on.</param>
/// <param name="Update">What is new in it.</param>
public readonly record struct EngineUpdate(int Reply, GenerationUpdate Update)
{
    /// <summary>The log-probabilities of the prompt's tokens from the second on, where asked for; on the first update only.</summary>
    public IReadOnlyList<TokenLogProbabilities>? Prompt { get; init; }
}

/// <summary>As many requests wait as may.</summary>
public sealed class EngineBusyException : HymbaException
{
    internal EngineBusyException(int waiting, TimeSpan retryAfter) : base($"{waiting} requests are waiting already, which is the limit; try again in about {Math.Ceiling(retryAfter.TotalSeconds)} s.") =>
        RetryAfter = retryAfter;

    /// <summary>When there will likely be room.</summary>
    public TimeSpan RetryAfter { get; }
}

/// <summary>A request needs more memory than all sequences together may take.</summary>
public sealed class EngineMemoryException : HymbaException
{
    internal EngineMemoryException(long needed, long allowed)
        : base($"The request may need {needed / 1e6:0} MB for its state, and all together may take {allowed / 1e6:0} MB: ask for fewer tokens or replies.")
    {
    }
}
