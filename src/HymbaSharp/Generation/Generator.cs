using System.Runtime.CompilerServices;

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
    private readonly ReplyWriter _reply;
    private readonly PromptLookup? _lookup; // null: no guessing
    private readonly int[] _proposal = new int[1 + PromptLookup.MaxDraft]; // the last token chosen, and what may follow it
    private int _proposed; // tokens of the proposal, 0 without one
    private int _right; // of these, how many have been chosen, less one
    private int _steps;

    /// <param name="session">What goes on.</param>
    /// <param name="options">How.</param>
    /// <param name="continuesText">Whether the text goes on from the prompt's, so that a leading space is kept.</param>
    /// <exception cref="GenerationOptionsException">An option is out of its range.</exception>
    public Generator(HymbaSession session, GenerationOptions options, bool continuesText = false)
    {
        _session = session;
        _options = options;
        _reply = new ReplyWriter(session.Model, options, continuesText);
        _lookup = options.DraftTokens > 0 && options.Constraint is null ? new PromptLookup(Math.Min(options.DraftTokens, session.Model.Forward.MaxRows - 1)) : null;
    }

    /// <summary>Tokens of the prompt that the session had passed before.</summary>
    public int CachedPromptTokens { get; init; }

    /// <summary>Called when the prompt has passed, before the first token is chosen.</summary>
    public Action? PromptPassed { get; init; }

    public async IAsyncEnumerable<GenerationUpdate> RunAsync(ReadOnlyMemory<int> prompt, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (prompt.Length == 0 && _session.TokenCount == 0)
            throw new GenerationException("The prompt is empty: at least one token is needed to go on from.");
        int promptTokens = CachedPromptTokens + prompt.Length;
        if (!await Completed(() => PassPrompt(prompt.Span, cancellationToken)).ConfigureAwait(false))
        {
            yield return Counted(_reply.End(FinishReason.Cancelled), promptTokens);
            yield break;
        }
        _reply.PromptPassed();
        PromptPassed?.Invoke();
        if (_options.MaxTokens == 0)
        {
            yield return Counted(_reply.End(FinishReason.MaxTokens), promptTokens);
            yield break;
        }

        try
        {
            while (true)
            {
                GenerationUpdate update = _reply.Next(Logits, Passed, cancellationToken.IsCancellationRequested);
                if (update.FinishReason is not null)
                {
                    EndProposal();
                    yield return Counted(update, promptTokens);
                    yield break;
                }
                yield return update;
                int token = update.Tokens[0];
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
        ReadOnlySpan<int> draft = _lookup.Draft(_session.TextWith(token), Math.Min(_session.Remaining - 1, (_options.MaxTokens ?? int.MaxValue) - _reply.Generated));
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

    private void PassPrompt(ReadOnlySpan<int> prompt, CancellationToken cancellationToken)
    {
        _reply.AcceptPrompt(_session.Tokens);
        _reply.AcceptPrompt(prompt);
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

    private GenerationUpdate Counted(GenerationUpdate last, int promptTokens) => last with { Statistics = _reply.Statistics(promptTokens, CachedPromptTokens, _steps, _lookup) };
}
