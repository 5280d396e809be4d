using System.Buffers;
using HymbaSharp.Chat;
using HymbaSharp.Forward;
using HymbaSharp.Generation;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Tokenization;

namespace HymbaSharp;

/// <summary>Reads the logits [V] that follow token <paramref name="index"/> of those given; valid during the call.</summary>
public delegate void LogitsReader(int index, ReadOnlySpan<float> logits);

/// <summary>
/// One sequence of a model: the tokens it has passed and all they left behind. It can be forked and saved, not rewound. A session is
/// used by one thread at a time; different sessions of a model may be used at the same time.
/// </summary>
public sealed class HymbaSession : IDisposable
{
    private readonly SequenceState _state;
    private readonly float[] _logits;
    private readonly int[] _lastRow = new int[1];
    private int[] _tokens;
    private bool _hasLogits;
    private float[] _proposed = []; // [rows, V] logits of the rows of a proposal
    private int _proposedCount;

    internal HymbaSession(HymbaModel model, SequenceState state, ReadOnlySpan<int> tokens, ReadOnlySpan<float> logits)
    {
        Model = model;
        _state = state;
        _tokens = new int[Math.Max(256, tokens.Length)];
        tokens.CopyTo(_tokens);
        TokenCount = tokens.Length;
        _logits = new float[model.Config.VocabularySize];
        logits.CopyTo(_logits);
        _hasLogits = logits.Length > 0;
    }

    /// <summary>The model.</summary>
    public HymbaModel Model { get; }

    /// <summary>Tokens passed.</summary>
    public int TokenCount { get; private set; }

    /// <summary>The ids passed, in order.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, TokenCount);

    /// <summary>What <see cref="Save"/> was given beside the session, in a session restored; else empty.</summary>
    public ReadOnlyMemory<byte> Attachment { get; internal init; }

    /// <summary>Tokens that still fit the context.</summary>
    public int Remaining => Model.ContextLength - TokenCount;

    /// <summary>Bytes of the sequence's state: keys and values, convolution tails, SSM states. Forks share part of them.</summary>
    public long StateBytes => _state.Bytes;

    /// <summary>The logits of the next token [V].</summary>
    /// <exception cref="InvalidOperationException">No token has passed yet.</exception>
    public ReadOnlySpan<float> Logits => _hasLogits ? _logits : throw new InvalidOperationException("The session has passed no token yet: append some first.");

    /// <summary>Makes room for so many tokens in all, so that appending up to there allocates nothing.</summary>
    public void Reserve(int tokens)
    {
        if (_tokens.Length < tokens)
            Array.Resize(ref _tokens, tokens);
    }

    /// <summary>Passes tokens, several at a time; afterwards <see cref="Logits"/> are those after the last one. When cancelled, the tokens of the steps done have passed.</summary>
    /// <exception cref="ContextLengthException">They don't fit the context; none has passed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id lies outside the vocabulary; none has passed.</exception>
    public void Append(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default) => AppendAll(tokens, reader: null, cancellationToken);

    /// <summary>Passes tokens and hands out the logits after each.</summary>
    public void Append(ReadOnlySpan<int> tokens, LogitsReader reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        AppendAll(tokens, reader, cancellationToken);
    }

    /// <summary>Passes one token.</summary>
    public void Append(int token) => Append([token]);

    /// <summary>
    /// Passes one token to each of several sessions in one step, which reads the weights once for all of them. Afterwards each session's
    /// <see cref="Logits"/> are those after its token.
    /// </summary>
    /// <param name="sessions">Different sessions of one model, at most as many as a step has rows (<see cref="HymbaModelOptions.PrefillRows"/>); no other thread may use them meanwhile.</param>
    /// <param name="tokens">The token of each.</param>
    /// <exception cref="ArgumentException">The sessions are of several models, one appears twice, or there are more or fewer tokens than sessions.</exception>
    /// <exception cref="ContextLengthException">A session is full; no token has passed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are too many sessions, or an id lies outside the vocabulary; no token has passed.</exception>
    public static void AppendEach(ReadOnlySpan<HymbaSession> sessions, ReadOnlySpan<int> tokens)
    {
        if (sessions.IsEmpty && tokens.IsEmpty)
            return;
        if (sessions.Length != tokens.Length)
            throw new ArgumentException($"{sessions.Length} sessions were given {tokens.Length} tokens; each takes one.", nameof(tokens));
        HymbaModel model = sessions[0].Model;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sessions.Length, model.Forward.MaxRows);
        for (int i = 0; i < sessions.Length; i++)
        {
            HymbaSession session = sessions[i];
            if (session.Model != model)
                throw new ArgumentException("The sessions are of several models.", nameof(sessions));
            if (sessions[..i].Contains(session))
                throw new ArgumentException("A session is given twice; it takes one token in a step.", nameof(sessions));
            if (session.Remaining == 0)
                throw new ContextLengthException(session.TokenCount, 1, model.ContextLength);
            if ((uint)tokens[i] >= (uint)model.Config.VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(tokens), tokens[i], $"Token ids are 0 to {model.Config.VocabularySize - 1}.");
        }
        StepSlice[] slices = ArrayPool<StepSlice>.Shared.Rent(sessions.Length);
        int[] rows = ArrayPool<int>.Shared.Rent(sessions.Length);
        try
        {
            for (int i = 0; i < sessions.Length; i++)
                (slices[i], rows[i]) = (sessions[i].Slice(1), i);
            lock (model.Forward.Gate)
            {
                model.ThrowIfDisposed();
                Matrix logits = model.Forward.Step(slices.AsSpan(0, sessions.Length), tokens, rows.AsSpan(0, sessions.Length));
                for (int i = 0; i < sessions.Length; i++)
                    sessions[i].Passed(tokens.Slice(i, 1), logits.Row(i));
            }
        }
        finally
        {
            ArrayPool<StepSlice>.Shared.Return(slices, clearArray: true);
            ArrayPool<int>.Shared.Return(rows);
        }
    }

    /// <summary>Passes tokens and hands out, for some rows at a time, the hidden states [rows, H] after the final norm.</summary>
    internal void Append(ReadOnlySpan<int> tokens, Action<Matrix> hidden, CancellationToken cancellationToken)
    {
        CheckTokens(tokens);
        // Short steps, for others wait for them.
        int most = Math.Min(64, Model.Forward.MaxRows);
        while (!tokens.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<int> next = tokens[..Math.Min(most, tokens.Length)];
            lock (Model.Forward.Gate)
            {
                Model.ThrowIfDisposed();
                try
                {
                    Model.Forward.Observer = (layer, x) =>
                    {
                        if (layer == Model.Config.LayerCount)
                            hidden(x);
                    };
                    _ = Model.Forward.Step([Slice(next.Length)], next, []);
                }
                finally
                {
                    Model.Forward.Observer = null;
                }
                Passed(next, []);
            }
            tokens = tokens[next.Length..];
        }
    }

    /// <summary>
    /// Computes what would follow each of a few tokens, in one step, without passing them: <see cref="ProposedLogits"/> are the bits that
    /// <see cref="Logits"/> would be after passing them one by one. <see cref="Accept"/> passes the first of them.
    /// </summary>
    internal void Propose(ReadOnlySpan<int> tokens)
    {
        int vocabulary = Model.Config.VocabularySize;
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Length);
        if (tokens.Length > Remaining)
            throw new ContextLengthException(TokenCount, tokens.Length, Model.ContextLength);
        if (_proposed.Length < tokens.Length * vocabulary)
            _proposed = new float[tokens.Length * vocabulary];
        if (_tokens.Length < TokenCount + tokens.Length)
            Reserve(Math.Min(2 * _tokens.Length, Model.ContextLength));
        Span<int> rows = stackalloc int[tokens.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = i;
        lock (Model.Forward.Gate)
        {
            Model.ThrowIfDisposed();
            Matrix logits = Model.Forward.Step([new StepSlice(_state, tokens.Length, KeepsRows: true)], tokens, rows);
            for (int i = 0; i < tokens.Length; i++)
                logits.Row(i).CopyTo(_proposed.AsSpan(i * vocabulary, vocabulary));
        }
        tokens.CopyTo(_tokens.AsSpan(TokenCount));
        _proposedCount = tokens.Length;
    }

    /// <summary>The ids passed and one more, which is not; valid until the session goes on.</summary>
    internal ReadOnlySpan<int> TextWith(int token)
    {
        if (_tokens.Length == TokenCount)
            Reserve(TokenCount + 1);
        _tokens[TokenCount] = token;
        return _tokens.AsSpan(0, TokenCount + 1);
    }

    /// <summary>The logits [V] after a token of the proposal, counted from 0.</summary>
    internal ReadOnlySpan<float> ProposedLogits(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_proposedCount);
        return _proposed.AsSpan(index * Model.Config.VocabularySize, Model.Config.VocabularySize);
    }

    /// <summary>Passes the first <paramref name="count"/> tokens of the proposal, 1 or more, and forgets the others.</summary>
    internal void Accept(int count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        ProposedLogits(count - 1).CopyTo(_logits);
        _state.AdvanceKept(count);
        TokenCount += count;
        _hasLogits = true;
        _proposedCount = 0;
    }

    /// <summary>A session that goes on from here by itself. Its cost doesn't depend on the length: keys and values are shared until written.</summary>
    public HymbaSession Fork() => new(Model, _state.Fork(), Tokens, _hasLogits ? _logits : []) { Attachment = Attachment };

    /// <summary>Writes the session to a file, whole or not at all. <see cref="HymbaModel.RestoreSession"/> reads it back.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="attachment">Bytes of your own to keep with it, at most 64 MB: <see cref="Attachment"/> of the session restored.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path, ReadOnlySpan<byte> attachment = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attachment.Length, Snapshot.MaxAttachmentBytes, nameof(attachment));
        Snapshot.Write(path, Model.Fingerprint, Model.Shape, _state, Tokens, _hasLogits ? _logits : [], attachment, withMeta: false);
    }

    /// <summary>
    /// Goes on from a prompt's ids until one of <see cref="FinishReason"/>. The last token given out has not passed: to go on from it, begin the
    /// next prompt with it.
    /// </summary>
    /// <param name="prompt">Passed first; may be empty where the session has passed tokens.</param>
    /// <param name="options">How tokens are chosen and what ends the text.</param>
    /// <param name="cancellationToken">Ends the generation before the next step; the last update says so.</param>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        new Generator(this, options ?? new GenerationOptions()).RunAsync(prompt, cancellationToken);

    /// <summary>Goes on from a plain text, not a chat: see <see cref="Conversation"/> for that. A session's first text begins with BOS where the tokenizer says so.</summary>
    /// <exception cref="TokenizerException">The model's folder has no tokenizer.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        Tokenizer tokenizer = Model.Tokenizer ?? throw new TokenizerException($"{Model.Folder} has no tokenizer: give token ids.");
        int[] ids = tokenizer.Encode(prompt, addBos: TokenCount == 0 && tokenizer.AddBosToken);
        return new Generator(this, options ?? new GenerationOptions(), continuesText: true).RunAsync(ids, cancellationToken);
    }

    /// <summary>Frees the state.</summary>
    public void Dispose() => _state.Dispose();

    private void CheckTokens(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length > Remaining)
            throw new ContextLengthException(TokenCount, tokens.Length, Model.ContextLength);
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)Model.Config.VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"Token ids are 0 to {Model.Config.VocabularySize - 1}.");
        }
    }

    private void AppendAll(ReadOnlySpan<int> tokens, LogitsReader? reader, CancellationToken cancellationToken)
    {
        CheckTokens(tokens);
        if (_tokens.Length < TokenCount + tokens.Length)
            Reserve(Math.Min(Math.Max(2 * _tokens.Length, TokenCount + tokens.Length), Model.ContextLength));
        for (int start = 0; start < tokens.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(Model.Forward.MaxRows, tokens.Length - start);
            Step(tokens.Slice(start, count), start, reader);
            start += count;
        }
    }

    /// <summary>The session's part of a step.</summary>
    internal StepSlice Slice(int count) => new(_state, count);

    /// <summary>Whether there are logits of a next token.</summary>
    internal bool HasLogits => _hasLogits;

    /// <summary>Takes tokens that a step of several sequences has passed.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="logits">[V] after the last of them; empty where the step computed none.</param>
    internal void Passed(ReadOnlySpan<int> tokens, ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        _hasLogits = !logits.IsEmpty;
        if (_tokens.Length < TokenCount + tokens.Length)
            Reserve(Math.Min(Math.Max(2 * _tokens.Length, TokenCount + tokens.Length), Model.ContextLength));
        tokens.CopyTo(_tokens.AsSpan(TokenCount));
        TokenCount += tokens.Length;
    }

    private void Step(ReadOnlySpan<int> tokens, int start, LogitsReader? reader)
    {
        lock (Model.Forward.Gate)
        {
            Model.ThrowIfDisposed();
            _lastRow[0] = tokens.Length - 1;
            ReadOnlySpan<int> rows = reader is null ? _lastRow : Enumerable.Range(0, tokens.Length).ToArray();
            Matrix logits = Model.Forward.Step([new StepSlice(_state, tokens.Length)], tokens, rows);
            Passed(tokens, logits.Row(logits.Rows - 1));
            for (int row = 0; reader is not null && row < tokens.Length; row++)
                reader(start + row, logits.Row(row));
        }
    }
}
