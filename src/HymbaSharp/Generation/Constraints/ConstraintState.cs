namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// How far one generation has followed its <see cref="TokenConstraint"/>. For one thread at a time; states of one constraint may be used by several threads.
/// </summary>
public sealed class ConstraintState
{
    private readonly TokenConstraint _constraint;
    private ParserState _state;
    private bool _isStart;
    private bool _hasEnded;

    internal ConstraintState(TokenConstraint constraint, ParserState state, bool isStart)
    {
        _constraint = constraint;
        _state = state;
        _isStart = isStart;
    }

    /// <summary>Whether the text so far is one of the grammar's, so that it can end here.</summary>
    public bool IsComplete => _state.IsFinal;

    /// <summary>Whether the text can only end here: it is one of the grammar's and begins no other, or its end was accepted.</summary>
    public bool IsDone => _hasEnded || (_state.IsFinal && _state.Items.Length == 0);

    /// <summary>Sets the logits of all tokens that are not allowed next to −∞.</summary>
    /// <param name="logits">[V]; those of allowed tokens stay as they are.</param>
    /// <exception cref="ArgumentException">They are not as many as the constraint's vocabulary.</exception>
    /// <exception cref="GrammarException">The text has too many readings in the grammar to be followed.</exception>
    public void Mask(Span<float> logits)
    {
        if (logits.Length != _constraint.VocabularySize)
            throw new ArgumentException($"{logits.Length} logits were given for a vocabulary of {_constraint.VocabularySize}.", nameof(logits));
        if (_hasEnded)
        {
            logits.Fill(float.NegativeInfinity);
            return;
        }
        ulong[] mask = _constraint.Mask(ref _state, _isStart);
        for (int word = 0; word < mask.Length; word++)
        {
            ulong allowed = mask[word];
            Span<float> part = logits[(word * 64)..Math.Min((word + 1) * 64, logits.Length)];
            if (allowed == 0)
                part.Fill(float.NegativeInfinity);
            else if (allowed != ulong.MaxValue)
            {
                for (int i = 0; i < part.Length; i++, allowed >>= 1)
                    part[i] = (allowed & 1) != 0 ? part[i] : float.NegativeInfinity;
            }
        }
    }

    /// <summary>Goes on by a token. An end-of-text token is accepted where the text is complete; after it, nothing is.</summary>
    /// <returns>Whether the token was allowed; if not, the state is as it was.</returns>
    /// <exception cref="GrammarException">The text has too many readings in the grammar to be followed.</exception>
    public bool TryAccept(int token)
    {
        if (_hasEnded)
            return false;
        if (_constraint.EndsText(token))
        {
            _hasEnded = _state.IsFinal;
            return _hasEnded;
        }
        ParserState next = _constraint.Step(_state, _isStart, token);
        if (ReferenceEquals(next, ParserState.Dead))
            return false;
        (_state, _isStart) = (next, false);
        return true;
    }

    /// <summary>A state of its own that goes on from here.</summary>
    public ConstraintState Clone() => (ConstraintState)MemberwiseClone();
}
