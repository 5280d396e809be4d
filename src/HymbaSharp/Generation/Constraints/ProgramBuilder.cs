namespace HymbaSharp.Generation.Constraints;

/// <summary>Compiles expressions to a <see cref="GrammarProgram"/> and refuses what could not be followed: left recursion, and grammars of no text.</summary>
internal sealed class ProgramBuilder
{
    private readonly List<Instruction> _instructions = [new(InstructionKind.Accept, 0, 0, 0)];
    private readonly List<int[]> _targets = [];
    private readonly List<ByteSet> _sets = [];
    private readonly Dictionary<ByteSet, int> _setIndex = [];
    private readonly List<Rule> _rules = [];
    private readonly Dictionary<Rule, int> _ruleIndex = [];
    private readonly List<int> _starts = [];

    private readonly ByteSet _unwritable;

    private ProgramBuilder(ByteSet unwritable) => _unwritable = unwritable;

    /// <param name="root">The grammar.</param>
    /// <param name="unwritable">Bytes that are left out of it.</param>
    /// <exception cref="GrammarException">The grammar is too large, left-recursive or has no text.</exception>
    public static GrammarProgram Build(Expression root, ByteSet unwritable)
    {
        ProgramBuilder builder = new(unwritable);
        int rootRule = builder.IndexOf(new Rule("(root)") { Body = root });
        for (int i = 0; i < builder._rules.Count; i++)
        {
            builder.Refuse(builder._rules[i].Body);
            builder._starts.Add(builder.Emit(builder._rules[i].Body, GrammarProgram.Accept));
        }
        return builder.Finish(rootRule);
    }

    private void Refuse(Expression body)
    {
        if (_rules.Count > Grammar.MaxRules)
            throw new GrammarException($"The grammar has more than {Grammar.MaxRules} rules, the most allowed.");
        if (_instructions.Count + body.Size > Grammar.MaxStates)
            throw new GrammarException($"The grammar has more than {Grammar.MaxStates} states, the most allowed; shorter texts, lists and repetitions need less.");
        if (body.Depth > Grammar.MaxDepth)
            throw new GrammarException($"The grammar nests {body.Depth} levels deep; allowed: {Grammar.MaxDepth}.");
    }

    private int IndexOf(Rule rule)
    {
        if (!_ruleIndex.TryGetValue(rule, out int index))
        {
            _ruleIndex[rule] = index = _rules.Count;
            _rules.Add(rule);
        }
        return index;
    }

    /// <summary>Writes instructions for an expression before those at <paramref name="next"/>, and says where they begin.</summary>
    private int Emit(Expression expression, int next)
    {
        switch (expression)
        {
            case BytesExpression bytes:
                ByteSet writable = bytes.Set.Except(_unwritable);
                if (!_setIndex.TryGetValue(writable, out int set))
                {
                    _setIndex[writable] = set = _sets.Count;
                    _sets.Add(writable);
                }
                return Add(new(InstructionKind.Bytes, set, next, next));
            case ReferenceExpression reference:
                return Add(new(InstructionKind.Call, IndexOf(reference.Rule), next, next));
            case SequenceExpression sequence:
                for (int i = sequence.Parts.Length - 1; i >= 0; i--)
                    next = Emit(sequence.Parts[i], next);
                return next;
            case ChoiceExpression choice:
                return Split([.. choice.Parts.Select(part => Emit(part, next))]);
            case RepeatExpression repeat:
                return EmitRepeat(repeat, next);
            default:
                throw new InvalidOperationException(expression.GetType().Name);
        }
    }

    private int EmitRepeat(RepeatExpression repeat, int end)
    {
        int start = end;
        if (repeat.Max is null)
        {
            int[] targets = [0, end];
            start = Split(targets);
            targets[0] = Emit(repeat.Body, start);
        }
        for (int i = repeat.Min; i < repeat.Max; i++)
            start = Split([Copy(repeat.Body, start, end), end]);
        for (int i = 0; i < repeat.Min; i++)
            start = Copy(repeat.Body, start, end);
        return start;
    }

    /// <summary>
    /// One of several repetitions. Where a rule may be empty, leaving one out would mean that all can be left out one by one: the copies count only those
    /// that are not empty, and the first may skip to the end.
    /// </summary>
    private int Copy(Expression body, int next, int end) =>
        body is ReferenceExpression reference ? Add(new(InstructionKind.Call, IndexOf(reference.Rule), next, end)) : Emit(body, next);

    private int Split(int[] targets)
    {
        _targets.Add(targets);
        return Add(new(InstructionKind.Split, _targets.Count - 1, 0, 0));
    }

    private int Add(Instruction instruction)
    {
        _instructions.Add(instruction);
        return _instructions.Count - 1;
    }

    private GrammarProgram Finish(int rootRule)
    {
        GrammarAnalysis analysis = new(_instructions, _targets, _sets, _starts);
        bool[] empty = analysis.Fixpoint(passesBytes: false, empty: null);
        bool[] mayBeEmpty = [.. _starts.Select(start => empty[start])];
        bool[] productive = analysis.Fixpoint(passesBytes: true, mayBeEmpty);
        if (!productive[_starts[rootRule]])
            throw new GrammarException(_unwritable.IsEmpty
                ? "The grammar has no text: something that is needed is impossible or needs itself without end."
                : "The grammar has no text that the vocabulary can write: some byte that is needed has no token of its own.");
        for (int i = 0; i < _targets.Count; i++)
            _targets[i] = [.. _targets[i].Where(target => productive[target]).Distinct()];

        int[] order = analysis.Order(_targets, mayBeEmpty, productive, index => _rules[index].Name);
        int[] rank = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
            rank[order[i]] = i;
        (byte[] classOf, byte[] representatives) = Classes();
        return new GrammarProgram
        {
            Instructions = [.. _instructions.Select(x => x.Kind == InstructionKind.Call ? x with { Argument = rank[x.Argument] } : x)],
            Sets = [.. _sets],
            Targets = [.. _targets],
            Starts = [.. order.Select(rule => _starts[rule])],
            MayBeEmpty = [.. order.Select(rule => mayBeEmpty[rule])],
            Root = rank[rootRule],
            ClassOf = classOf,
            Representatives = representatives,
        };
    }

    private (byte[] ClassOf, byte[] Representatives) Classes()
    {
        int[] classes = new int[256];
        int count = 1;
        // A reply may begin with a space that is not the grammar's: it is told apart always.
        foreach (ByteSet set in _sets.Append(ByteSet.Of((byte)' ')))
        {
            if (count == 256)
                break;
            Dictionary<(int, bool), int> split = [];
            for (int value = 0; value < 256; value++)
            {
                (int, bool) key = (classes[value], set.Contains(value));
                if (!split.TryGetValue(key, out int index))
                    split[key] = index = split.Count;
                classes[value] = index;
            }
            count = split.Count;
        }
        byte[] representatives = new byte[count];
        for (int value = 255; value >= 0; value--)
            representatives[classes[value]] = (byte)value;
        return ([.. classes.Select(index => (byte)index)], representatives);
    }
}
