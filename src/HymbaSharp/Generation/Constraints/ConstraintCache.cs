using HymbaSharp.Tokenization;

namespace HymbaSharp.Generation.Constraints;

/// <summary>The constraints of a model that were asked for last: compiled once, their masks kept. Safe to use from several threads.</summary>
public sealed class ConstraintCache
{
    /// <summary>The most constraints that are kept.</summary>
    public const int MaxConstraints = 64;

    private readonly HymbaModel _model;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Key, bool AllowsLeadingSpace), (TokenConstraint Constraint, long Used)> _constraints = [];
    private long _clock;

    /// <summary>Keeps constraints for a model's vocabulary.</summary>
    /// <exception cref="TokenizerException">The model's folder has no tokenizer.</exception>
    public ConstraintCache(HymbaModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Tokenizer is null)
            throw new TokenizerException($"{model.Folder} has no tokenizer: constraints need one.");
        _model = model;
    }

    /// <summary>The constraint of a grammar, made where it is not there.</summary>
    /// <param name="key">What the grammar is made from: the same for the same grammar alone.</param>
    /// <param name="grammar">Makes the grammar.</param>
    /// <param name="allowsLeadingSpace">Whether one space may stand before the grammar's text, as at the beginning of a reply.</param>
    /// <exception cref="GrammarException">The grammar can't be made, or allows no text.</exception>
    public TokenConstraint Get(string key, Func<Grammar> grammar, bool allowsLeadingSpace = true)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        lock (_lock)
        {
            if (_constraints.TryGetValue((key, allowsLeadingSpace), out (TokenConstraint Constraint, long) known))
            {
                _constraints[(key, allowsLeadingSpace)] = (known.Constraint, ++_clock);
                return known.Constraint;
            }
        }
        // Two that ask at once make it twice; nobody waits for another's grammar.
        TokenConstraint made = TokenConstraint.Compile(grammar(), _model.Tokenizer!, _model.Config.VocabularySize, _model.EndOfTextIds, allowsLeadingSpace);
        lock (_lock)
        {
            if (_constraints.Count >= MaxConstraints)
                _ = _constraints.Remove(_constraints.MinBy(entry => entry.Value.Used).Key);
            _constraints[(key, allowsLeadingSpace)] = (made, ++_clock);
        }
        return made;
    }
}
