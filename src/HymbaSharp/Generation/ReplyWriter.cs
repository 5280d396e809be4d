using System.Diagnostics;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Generation;

/// <summary>Turns the logits of one sequence into tokens and text, one step at a time, until one of <see cref="FinishReason"/>. It computes no step itself.</summary>
internal sealed class ReplyWriter
{
    private readonly HymbaModel _model;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly StopStringMatcher _stops;
    private readonly IncrementalDecoder? _decoder;
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _promptTime;
    private TimeSpan _firstToken;

    /// <param name="model">Whose logits they are.</param>
    /// <param name="options">How to choose and when to stop.</param>
    /// <param name="continuesText">Whether the text goes on from the prompt's, so that a leading space is kept.</param>
    /// <exception cref="GenerationOptionsException">An option is out of its range.</exception>
    public ReplyWriter(HymbaModel model, GenerationOptions options, bool continuesText)
    {
        _model = model;
        _options = options;
        options.Validate(model.Config.VocabularySize);
        if (options.StopStrings.Count > 0 && model.Tokenizer is null)
            throw new TokenizerException($"{model.Folder} has no tokenizer: stop strings need one.");
        _sampler = new Sampler(OnlyNamedTokens(options, model), model.Config.VocabularySize, model.ContextLength, model.EndOfTextIds.AsSpan());
        // What a constraint allows is the reply's, whatever it reads like.
        string[] newTurn = options.IgnoreEndOfText || options.Constraint is not null || model.Tokenizer is null ? [] : [TurnMarkers.Turn];
        _stops = new StopStringMatcher([.. options.StopStrings, .. newTurn]);
        _decoder = model.Tokenizer is { } tokenizer ? new IncrementalDecoder(tokenizer, skipSpecial: true, continuesText) : null;
    }

    /// <summary>Tokens chosen.</summary>
    public int Generated { get; private set; }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Counts tokens of the prompt for the penalties.</summary>
    public void AcceptPrompt(ReadOnlySpan<int> tokens) => _sampler.AcceptPrompt(tokens);

    /// <summary>Stops the prompt's clock.</summary>
    public void PromptPassed() => _promptTime = Elapsed;

    /// <summary>Chooses the next token. An update with a finish reason is the last; it still lacks the statistics.</summary>
    /// <param name="logits">[V] after all tokens chosen so far.</param>
    /// <param name="passed">Tokens that have passed, prompt included.</param>
    /// <param name="isCancelled">Whether the caller has given up.</param>
    /// <exception cref="GenerationException">Every token is excluded.</exception>
    public GenerationUpdate Next(ReadOnlySpan<float> logits, int passed, bool isCancelled)
    {
        int token = _sampler.Sample(logits);
        _sampler.AcceptGenerated(token);
        if (Generated++ == 0)
            _firstToken = Elapsed;
        TokenLogProbabilities[] probabilities = _options.LogProbabilities is { } count ? [LogProbabilities.Compute(logits, token, count)] : [];
        FinishReason? reason = EndsAt(token);
        string text = reason is null ? _stops.Push(_decoder?.Append(token) ?? "") : "";
        reason ??= Limit(passed);
        if (reason is null && isCancelled)
            reason = FinishReason.Cancelled;
        if (reason is null)
            return new GenerationUpdate { Text = text, Tokens = [token], LogProbabilities = probabilities };
        if (_stops.Found is null)
            text += _stops.Push(_decoder?.Flush() ?? "") + _stops.Flush();
        reason = StoppedBy() ?? reason;
        return new GenerationUpdate
        {
            Text = text,
            Tokens = [token],
            LogProbabilities = probabilities,
            FinishReason = reason,
            StopString = reason == FinishReason.StopString ? _stops.Found : null,
        };
    }

    /// <summary>The update that ends a generation which chooses no further token.</summary>
    public GenerationUpdate End(FinishReason reason)
    {
        string text = _stops.Found is null ? _stops.Push(_decoder?.Flush() ?? "") + _stops.Flush() : "";
        return new GenerationUpdate { Text = text, FinishReason = reason };
    }

    /// <summary>What the generation has cost so far.</summary>
    /// <param name="promptTokens">Tokens of the prompt, cached ones included.</param>
    /// <param name="cachedTokens">Tokens of it that were not computed.</param>
    /// <param name="steps">Steps after the prompt.</param>
    /// <param name="lookup">What guessed tokens, where something did.</param>
    public GenerationStatistics Statistics(int promptTokens, int cachedTokens, int steps, PromptLookup? lookup = null) => new()
    {
        PromptTokens = promptTokens,
        CachedPromptTokens = cachedTokens,
        GeneratedTokens = Generated,
        PromptTime = _promptTime,
        DecodeTime = Generated == 0 ? TimeSpan.Zero : Elapsed - _firstToken,
        TimeToFirstToken = _firstToken,
        BytesRead = _model.WeightBytesPerToken * steps,
        DraftedTokens = lookup?.Drafted ?? 0,
        AcceptedTokens = lookup?.Right ?? 0,
    };

    private FinishReason? EndsAt(int token)
    {
        if (_model.EndOfTextIds.Contains(token))
            return FinishReason.EndOfText;
        return _options.StopTokenIds.Contains(token) ? FinishReason.StopToken : null;
    }

    private FinishReason? Limit(int passed)
    {
        if (_stops.Found is not null)
            return StoppedBy();
        if (_sampler.IsDone)
            return FinishReason.EndOfText;
        if (Generated >= _options.MaxTokens)
            return FinishReason.MaxTokens;
        return passed == _model.ContextLength ? FinishReason.ContextLimit : null;
    }

    private FinishReason? StoppedBy()
    {
        if (_stops.Found is null)
            return null;
        return _options.StopStrings.Contains(_stops.Found) ? FinishReason.StopString : FinishReason.NewTurn;
    }

    /// <summary>A vocabulary that was padded holds ids without a token: the model may give them a logit, but they have no text.</summary>
    private static GenerationOptions OnlyNamedTokens(GenerationOptions options, HymbaModel model)
    {
        int named = model.Tokenizer?.VocabularySize ?? model.Config.VocabularySize;
        if (named == model.Config.VocabularySize)
            return options;
        Dictionary<int, float> biases = new(options.LogitBias);
        for (int id = named; id < model.Config.VocabularySize; id++)
            biases[id] = float.NegativeInfinity;
        return options with { LogitBias = biases };
    }
}
