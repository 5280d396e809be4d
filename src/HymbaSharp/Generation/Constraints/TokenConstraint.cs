using HymbaSharp.Tokenization;

namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// A grammar made ready for one vocabulary: says after each token which may come next, so that the text can be nothing but the grammar's. Immutable to its
/// users; one constraint serves any number of generations and threads, which share the masks that were computed.
/// </summary>
public sealed class TokenConstraint
{
    /// <summary>About how much memory one constraint uses for masks and states that it remembers; beyond, it forgets them and begins anew.</summary>
    public const long MaxCacheBytes = 32 << 20;

    private readonly Lock _lock = new();
    private readonly GrammarAutomaton _automaton;
    private readonly VocabularyTrie _trie;
    private readonly Tokenizer _tokenizer;
    private readonly bool[] _endsText;
    private readonly bool _allowsLeadingSpace;
    private ulong[]? _startMask;

    private TokenConstraint(Grammar grammar, Tokenizer tokenizer, int vocabularySize, IReadOnlyCollection<int> endOfTextIds, bool allowsLeadingSpace, long cacheBytes)
    {
        _tokenizer = tokenizer;
        // Where the decoder keeps a leading space, it would be part of the text.
        _allowsLeadingSpace = allowsLeadingSpace && tokenizer.StripsPrefix;
        VocabularySize = vocabularySize;
        _endsText = new bool[vocabularySize];
        foreach (int id in endOfTextIds)
        {
            if (id >= 0 && id < vocabularySize)
                _endsText[id] = true;
        }
        _trie = VocabularyTrie.Of(tokenizer, _endsText);
        _automaton = new GrammarAutomaton(grammar.ProgramFor(_trie.Unwritable()), cacheBytes);
    }

    /// <summary>How many logits a mask is for.</summary>
    public int VocabularySize { get; }

    /// <summary>Makes a grammar ready for a model's vocabulary.</summary>
    /// <param name="grammar">What the text may be.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="vocabularySize">How many logits the model gives; ids without a token are never allowed.</param>
    /// <param name="endOfTextIds">The tokens that end a text: allowed where the grammar can end, and nowhere else. Those outside the vocabulary are passed over.</param>
    /// <param name="allowsLeadingSpace">
    /// Whether one space may precede the grammar's text: the one that stands for the start of a text and that decoding drops, so that a reply may begin with a
    /// token such as "▁{". A text of the grammar that begins with a space itself then needs that one before it. False for a text that goes on with another.
    /// Without effect where the tokenizer drops no space.
    /// </param>
    /// <exception cref="GrammarException">The grammar needs a byte that no token stands for, or its texts begin in too many ways to be followed.</exception>
    public static TokenConstraint Compile(Grammar grammar, Tokenizer tokenizer, int vocabularySize, IReadOnlyCollection<int> endOfTextIds, bool allowsLeadingSpace = true) =>
        Compile(grammar, tokenizer, vocabularySize, endOfTextIds, allowsLeadingSpace, MaxCacheBytes);

    internal static TokenConstraint Compile(
        Grammar grammar, Tokenizer tokenizer, int vocabularySize, IReadOnlyCollection<int> endOfTextIds, bool allowsLeadingSpace, long cacheBytes)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(endOfTextIds);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        TokenConstraint constraint = new(grammar, tokenizer, vocabularySize, endOfTextIds, allowsLeadingSpace, cacheBytes);
        // What is too ambiguous is mostly so from the start: better said here than while a text is written.
        ParserState start = constraint._automaton.Start;
        _ = constraint.Mask(ref start, isStart: true);
        return constraint;
    }

    /// <summary>The state before the first token of a generation.</summary>
    public ConstraintState Start() => new(this, _automaton.Start, isStart: true);

    /// <summary>About how much memory the remembered states and masks use.</summary>
    internal long CacheBytes
    {
        get
        {
            lock (_lock)
                return _automaton.Bytes;
        }
    }

    internal bool EndsText(int token) => (uint)token < (uint)_endsText.Length && _endsText[token];

    /// <summary>A bit for each token that is allowed after the text that led to a state.</summary>
    internal ulong[] Mask(ref ParserState state, bool isStart)
    {
        // A start may begin with a space that isn't the grammar's, which is why its mask is not that of the state.
        if (!isStart && state.Mask is { } known)
            return known;
        lock (_lock)
        {
            _automaton.BeginWork();
            state = _automaton.Current(state);
            if (!isStart && state.Mask is { } meanwhile)
                return meanwhile;
            if (isStart && _startMask is not null)
                return _startMask;
            ulong[] mask = new ulong[(VocabularySize + 63) / 64];
            if (state.Items.Length > 0)
                _trie.Allow(_automaton, state, AfterSpace(isStart), mask);
            for (int id = 0; state.IsFinal && id < _endsText.Length; id++)
                mask[id >> 6] |= _endsText[id] ? 1UL << id : 0;
            if (isStart)
                return _startMask = mask;
            // The walk may have made the automaton forget; a state it no longer knows is not given a mask to keep.
            if (state.Items.Length > 0 && ReferenceEquals(state, _automaton.Current(state)))
            {
                state.Mask = mask;
                _automaton.Charge(mask);
            }
            return mask;
        }
    }

    /// <summary>The state after a token's bytes; <see cref="ParserState.Dead"/> where the token isn't allowed.</summary>
    internal ParserState Step(ParserState state, bool isStart, int token)
    {
        if ((uint)token >= (uint)Math.Min(VocabularySize, _tokenizer.VocabularySize) || _tokenizer.IsSpecial(token))
            return ParserState.Dead;
        lock (_lock)
        {
            _automaton.BeginWork();
            ReadOnlySpan<byte> bytes = _tokenizer.Bytes(token);
            for (int i = 0; i < bytes.Length && !ReferenceEquals(state, ParserState.Dead); i++)
                state = i == 0 && bytes[0] == ' ' && AfterSpace(isStart) is { } after ? after : _automaton.Step(state, bytes[i]);
            return state;
        }
    }

    private ParserState? AfterSpace(bool isStart) => isStart && _allowsLeadingSpace ? _automaton.Start : null;
}
