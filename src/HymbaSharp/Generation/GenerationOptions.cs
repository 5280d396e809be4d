using System.Collections.Frozen;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Generation;

/// <summary>
/// How to generate: how the next token is chosen and when to stop. The defaults are llama.cpp's, and so is the order in which the
/// choice is made: logit bias, penalties, then top-k, top-p and min-p on the probabilities at temperature 1, and the temperature
/// last, on what is left.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>The most stop strings accepted.</summary>
    public const int MaxStopStrings = 64;

    /// <summary>The longest stop string accepted, in UTF-16 units. Streamed text lags behind by less than the longest one.</summary>
    public const int MaxStopStringLength = 1024;

    /// <summary>The most alternatives per token that <see cref="LogProbabilities"/> accepts.</summary>
    public const int MaxLogProbabilities = 20;

    /// <summary>The most that <see cref="DraftTokens"/> may be.</summary>
    public const int MaxDraftTokens = PromptLookup.MaxDraft;

    /// <summary>The most tokens to generate, 0 or more; 0 only computes the prompt. Default null: up to the context limit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>
    /// Divides the logits of the tokens that passed the filters: lower is more predictable. 0 or more, finite; 0 is greedy, the most
    /// probable token always (of equals the lowest id), without filters. Default 0.8.
    /// </summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps this many of the most probable tokens (of equals the lowest ids). 0 or more; 0 is off. Default 40.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>
    /// Keeps the fewest most probable tokens whose probabilities, among those that passed <see cref="TopK"/>, sum to at least this; always
    /// one (Holtzman et al. 2020, nucleus sampling). 0 to 1; 1 is off. Default 0.95.
    /// </summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Keeps the tokens at least this probable relative to the most probable one. 0 to 1; 0 is off. Default 0.05.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>
    /// Divides the positive and multiplies the negative logits of tokens that occur in the window, in the prompt or generated, as
    /// Transformers and llama.cpp do (Keskar et al. 2019, CTRL). Above 0, finite; 1 is off, below 1 favours repetition. Default 1.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>
    /// Subtracted from the logit of each token that was generated within the window; the prompt does not count, as with OpenAI.
    /// −2 to 2; 0 is off. Default 0.
    /// </summary>
    public float PresencePenalty { get; init; }

    /// <summary>
    /// Subtracted from the logit of a token once for each time it was generated within the window; the prompt does not count, as with
    /// OpenAI. −2 to 2; 0 is off. Default 0.
    /// </summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>
    /// The window of all three penalties: the last so many tokens of prompt and generated text together. 1 or more, or null for all
    /// of them, as Transformers and OpenAI have it. Default 64.
    /// </summary>
    public int? PenaltyWindow { get; init; } = 64;

    /// <summary>The seed of the random choices: same seed, same logits, same text, on every machine. Default null: a new one each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>
    /// Added to the logits of these token ids, before everything else. Ids of the vocabulary; values finite, or negative infinity for
    /// a token that must never be chosen. Default empty.
    /// </summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = FrozenDictionary<int, float>.Empty;

    /// <summary>
    /// Texts that end the generation. The text ends before the first that is completed; of several completed by the same character,
    /// before the longest. At most <see cref="MaxStopStrings"/>, each of 1 to <see cref="MaxStopStringLength"/> UTF-16 units
    /// without unpaired surrogates. Default empty.
    /// </summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Token ids that end the generation, beside the model's own end of text. Ids of the vocabulary. Default empty.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Never chooses the model's end-of-text token, so that other limits decide the length. Default false.</summary>
    public bool IgnoreEndOfText { get; init; }

    /// <summary>
    /// Reports the log-probability of each generated token with this many of the most probable ones in its place. 0 to
    /// <see cref="MaxLogProbabilities"/>; 0 reports the generated token alone. Default null: none.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>
    /// The most tokens that are guessed from the text so far and checked in one step with the next one, 0 to <see cref="MaxDraftTokens"/>; 0 is
    /// off. The text is the same either way; where it repeats what came before, it comes faster. Default 7.
    /// </summary>
    public int DraftTokens { get; init; } = MaxDraftTokens;

    /// <summary>
    /// What the text may be: tokens that it doesn't allow are never chosen, and where it allows no further text the generation ends as with
    /// <see cref="FinishReason.EndOfText"/>. Compiled for the model's vocabulary. Nothing is guessed ahead with one. Default null: anything.
    /// </summary>
    public TokenConstraint? Constraint { get; init; }

    /// <summary>Checks every option that can be checked without a model.</summary>
    /// <exception cref="GenerationOptionsException">An option is out of its range.</exception>
    public void Validate() => Validate(int.MaxValue);

    /// <summary>Checks every option for a model of <paramref name="vocabularySize"/> tokens.</summary>
    /// <exception cref="GenerationOptionsException">An option is out of its range.</exception>
    public void Validate(int vocabularySize)
    {
        Require(MaxTokens is null or >= 0, nameof(MaxTokens), MaxTokens, "0 or more, or null for no limit but the context");
        Require(float.IsFinite(Temperature) && Temperature >= 0, nameof(Temperature), Temperature, "0 or more, finite; 0 is greedy");
        Require(TopK >= 0, nameof(TopK), TopK, "0 or more; 0 is off");
        Require(TopP is >= 0 and <= 1, nameof(TopP), TopP, "0 to 1; 1 is off");
        Require(MinP is >= 0 and <= 1, nameof(MinP), MinP, "0 to 1; 0 is off");
        Require(float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, nameof(RepetitionPenalty), RepetitionPenalty, "above 0, finite; 1 is off");
        Require(PresencePenalty is >= -2 and <= 2, nameof(PresencePenalty), PresencePenalty, "-2 to 2; 0 is off");
        Require(FrequencyPenalty is >= -2 and <= 2, nameof(FrequencyPenalty), FrequencyPenalty, "-2 to 2; 0 is off");
        Require(PenaltyWindow is null or >= 1, nameof(PenaltyWindow), PenaltyWindow, "1 or more, or null for all tokens");
        Require(DraftTokens is >= 0 and <= MaxDraftTokens, nameof(DraftTokens), DraftTokens, $"0 to {MaxDraftTokens}; 0 is off");
        Require(LogProbabilities is null or (>= 0 and <= MaxLogProbabilities), nameof(LogProbabilities), LogProbabilities, $"0 to {MaxLogProbabilities}, or null for none");
        Require(Constraint is null || vocabularySize == int.MaxValue || Constraint.VocabularySize == vocabularySize, nameof(Constraint),
            $"for a vocabulary of {Constraint?.VocabularySize}", $"one compiled for the model's, of {vocabularySize}");
        ValidateTokens(vocabularySize);
        ValidateStopStrings();
    }

    private void ValidateTokens(int vocabularySize)
    {
        string ids = vocabularySize == int.MaxValue ? "token ids of 0 or more" : $"token ids from 0 to {vocabularySize - 1}";
        Require(LogitBias is not null, nameof(LogitBias), null, ids);
        foreach ((int token, float bias) in LogitBias!)
        {
            Require(token >= 0 && token < vocabularySize, nameof(LogitBias), $"for token {token}", ids);
            Require(bias < float.PositiveInfinity, nameof(LogitBias), $"{bias} for token {token}", "a finite number or negative infinity");
        }
        Require(StopTokenIds is not null, nameof(StopTokenIds), null, ids);
        foreach (int token in StopTokenIds!)
            Require(token >= 0 && token < vocabularySize, nameof(StopTokenIds), token, ids);
    }

    private void ValidateStopStrings()
    {
        Require(StopStrings is not null, nameof(StopStrings), null, "a list, empty for none");
        Require(StopStrings!.Count <= MaxStopStrings, nameof(StopStrings), $"a list of {StopStrings.Count}", $"at most {MaxStopStrings} strings");
        foreach (string stop in StopStrings)
        {
            Require(stop?.Length is >= 1 and <= MaxStopStringLength, nameof(StopStrings), stop is null ? "null" : $"a string of {stop.Length} UTF-16 units",
                $"strings of 1 to {MaxStopStringLength} units");
            Require(IsWellFormed(stop!), nameof(StopStrings), "a string with an unpaired surrogate", "well-formed UTF-16");
        }
    }

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }
        return true;
    }

    private static void Require(bool allowed, string option, object? value, string range)
    {
        if (!allowed)
            throw new GenerationOptionsException(option, value, range);
    }
}
