using System.Diagnostics;
using System.Runtime.CompilerServices;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Generation;

/// <summary>
/// One generation over a session: passes the prompt, then chooses and passes tokens until one of <see cref="FinishReason"/>. Computing runs on
/// the thread pool, so that the caller's thread stays free between updates. At the end every token given out has been passed, but for the last one.
/// Where the text repeats itself, several tokens are guessed and checked in one step; what is chosen is the same as without.
/// </summary>
internal sealed class Generator
{
    private readonly HymbaSession _session;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly StopStringMatcher _stops;
    private readonly PromptLookup? _lookup; // null: no guessing
    private readonly int[] _proposal = new int[1 + PromptLookup.MaxDraft]; // the last token chosen, and what may follow it
    private int _proposed; // tokens of the proposal, 0 without one
    private int _right; // of these, how many have been chosen, less one
    private int _steps;
    private Meter? _meter;

    /// <exception cref="GenerationOptionsException">An option is out of its range.</exception>
    public Generator(HymbaSession session, GenerationOptions options)
    {
        HymbaModel model = session.Model;
        _session = session;
        _options = options;
        options.Validate(model.Config.VocabularySize);
        if (options.StopStrings.Count > 0 && model.Tokenizer is null)
            throw new TokenizerException($"{model.Folder} has no tokenizer: stop strings need one.");
        _sampler = new Sampler(OnlyNamedTokens(options, model), model.Config.VocabularySize, model.ContextLength, model.EndOfTextIds.AsSpan());
        _stops = new StopStringMatcher([.. options.StopStrings, .. NewTurnMarkers]);
        _lookup = options.DraftTokens > 0 && options.Constraint is null ? new PromptLookup(Math.Min(options.DraftTokens, model.Forward.MaxRows - 1)) : null;
    }

    /// <summary>Whether the text goes on from the prompt's, so that a leading space is kept.</summary>
    public bool ContinuesText { get; init; }

    /// <summary>Tokens of the prompt that the session had passed before.</summary>
    public int CachedPromptTokens { get; init; }

    /// <summary>Called when the prompt has passed, before the first token is chosen.</summary>
    public Action? PromptPassed { get; init; }

    private string[] NewTurnMarkers => _options.IgnoreEndOfText || _session.Model.Tokenizer is null ? [] : [TurnMarkers.Turn];

    public async IAsyncEnumerable<GenerationUpdate> RunAsync(ReadOnlyMemory<int> prompt, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (prompt.Length == 0 && _session.TokenCount == 0)
            throw new GenerationException("The prompt is empty: at least one token is needed to go on from.");
        Meter meter = _meter = new(_session.Model.WeightBytesPerToken, CachedPromptTokens + prompt.Length, CachedPromptTokens);
        IncrementalDecoder? decoder = _session.Model.Tokenizer is { } tokenizer
            ? new IncrementalDecoder(tokenizer, skipSpecial: true, ContinuesText)
            : null;

        if (!await Completed(() => PassPrompt(prompt.Span, cancellationToken)).ConfigureAwait(false))
        {
            yield return Last("", [], [], FinishReason.Cancelled, meter);
            yield break;
        }
        meter.PromptPassed();
        PromptPassed?.Invoke();
        if (_options.MaxTokens == 0)
        {
            yield return Last("", [], [], FinishReason.MaxTokens, meter);
            yield break;
        }

        try
        {
            while (true)
            {
                int token = _sampler.Sample(Logits);
                _sampler.AcceptGenerated(token);
                meter.TokenChosen();
                TokenLogProbabilities[] probabilities = _options.LogProbabilities is { } count ? [LogProbabilities.Compute(Logits, token, count)] : [];
                FinishReason? reason = EndsAt(token);
                string text = reason is null ? _stops.Push(decoder?.Append(token) ?? "") : "";
                reason ??= Limit(meter.Generated);
                if (reason is null && cancellationToken.IsCancellationRequested)
                    reason = FinishReason.Cancelled;
                if (reason is not null)
                {
                    if (_stops.Found is null)
                        text += _stops.Push(decoder?.Flush() ?? "") + _stops.Flush();
                    EndProposal();
                    yield return Last(text, [token], probabilities, StoppedBy() ?? reason.Value, meter);
                    yield break;
                }
                yield return new GenerationUpdate { Text = text, Tokens = [token], LogProbabilities = probabilities };
                if (!IsProposed(token))
                    await Task.Run(() => Pass(token), CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            EndProposal();
        }
    }

    /// <summary>The logits after all tokens chosen so far.</summary>
    private ReadOnlySpan<float> Logits => _proposed > 0 ? _session.ProposedLogits(_right) : _session.Logits;

    private int Passed => _session.TokenCount + (_proposed > 0 ? _right + 1 : 0);

    /// <summary>Whether a token is the proposal's next, so that what follows it is known already.</summary>
    private bool IsProposed(int token)
    {
        if (_right + 1 >= _proposed || _proposal[_right + 1] != token)
            return false;
        _right++;
        return true;
    }

    /// <summary>Passes a token, and with it, where something suggests itself, looks ahead.</summary>
    private void Pass(int token)
    {
        EndProposal();
        _steps++;
        int drafted = Draft(token);
        if (drafted == 0)
        {
            _session.Append(token);
            return;
        }
        _session.Propose(_proposal.AsSpan(0, 1 + drafted));
        (_proposed, _right) = (1 + drafted, 0);
    }

    private int Draft(int token)
    {
        _proposal[0] = token;
        if (_lookup is null)
            return 0;
        ReadOnlySpan<int> draft = _lookup.Draft(_session.TextWith(token), Math.Min(_session.Remaining - 1, (_options.MaxTokens ?? int.MaxValue) - _meter!.Generated));
        draft.CopyTo(_proposal.AsSpan(1));
        return draft.Length;
    }

    /// <summary>The session takes what was right of the proposal.</summary>
    private void EndProposal()
    {
        if (_proposed == 0)
            return;
        _lookup!.Learn(_proposed - 1, _right);
        _session.Accept(_right + 1);
        _proposed = 0;
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

    private void PassPrompt(ReadOnlySpan<int> prompt, CancellationToken cancellationToken)
    {
        _sampler.AcceptPrompt(_session.Tokens);
        _sampler.AcceptPrompt(prompt);
        _session.Reserve(Math.Min(_session.TokenCount + prompt.Length + (_options.MaxTokens ?? _session.Model.ContextLength), _session.Model.ContextLength));
        cancellationToken.ThrowIfCancellationRequested();
        _session.Append(prompt, cancellationToken);
    }

    private static async Task<bool> Completed(Action work)
    {
        try
        {
            await Task.Run(work, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private FinishReason? EndsAt(int token)
    {
        if (_session.Model.EndOfTextIds.Contains(token))
            return FinishReason.EndOfText;
        return _options.StopTokenIds.Contains(token) ? FinishReason.StopToken : null;
    }

    private FinishReason? Limit(int generated)
    {
        if (_stops.Found is not null)
            return StoppedBy();
        if (_sampler.IsDone)
            return FinishReason.EndOfText;
        if (generated >= _options.MaxTokens)
            return FinishReason.MaxTokens;
        return Passed == _session.Model.ContextLength ? FinishReason.ContextLimit : null;
    }

    private FinishReason? StoppedBy()
    {
        if (_stops.Found is null)
            return null;
        return _options.StopStrings.Contains(_stops.Found) ? FinishReason.StopString : FinishReason.NewTurn;
    }

    private GenerationUpdate Last(string text, int[] tokens, TokenLogProbabilities[] probabilities, FinishReason reason, Meter meter) => new()
    {
        Text = text,
        Tokens = tokens,
        LogProbabilities = probabilities,
        FinishReason = reason,
        StopString = reason == FinishReason.StopString ? _stops.Found : null,
        Statistics = meter.Statistics(_steps, _lookup),
    };

    /// <summary>The clock of a generation.</summary>
    private sealed class Meter(long bytesPerToken, int promptTokens, int cachedTokens)
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private TimeSpan _promptTime;
        private TimeSpan _firstToken;

        public int Generated { get; private set; }

        private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

        public void PromptPassed() => _promptTime = Elapsed;

        public void TokenChosen()
        {
            if (Generated++ == 0)
                _firstToken = Elapsed;
        }

        public GenerationStatistics Statistics(int steps, PromptLookup? lookup) => new()
        {
            PromptTokens = promptTokens,
            CachedPromptTokens = cachedTokens,
            GeneratedTokens = Generated,
            PromptTime = _promptTime,
            DecodeTime = Generated == 0 ? TimeSpan.Zero : Elapsed - _firstToken,
            TimeToFirstToken = _firstToken,
            BytesRead = bytesPerToken * steps,
            DraftedTokens = lookup?.Drafted ?? 0,
            AcceptedTokens = lookup?.Right ?? 0,
        };
    }
}
