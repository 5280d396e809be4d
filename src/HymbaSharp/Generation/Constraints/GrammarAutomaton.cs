namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// Follows a grammar byte by byte. All readings of the text are followed at once, as in Earley 1970, with the callers of a rule in nodes of a shared stack in place
/// of the position where it began: a state then doesn't depend on where in the text it stands, and is computed once. States are bounded in size, in number and in
/// the work of making them; nothing is tried and taken back. Not thread-safe.
/// </summary>
internal sealed class GrammarAutomaton
{
    /// <summary>The most readings of one text that are followed at once.</summary>
    public const int MaxItems = 8192;

    /// <summary>The most readings looked at for one token or one mask: about a tenth of a second, in which nobody else is served.</summary>
    public const int MaxWork = 1_000_000;

    private readonly GrammarProgram _program;
    private readonly long _maxBytes;
    private readonly HashSet<ParserState> _states = [];
    private readonly HashSet<StackNode> _nodes = [];

    // One step's scratch.
    private readonly Stack<Frame> _open = [];
    private readonly HashSet<Frame> _seen = [];
    private readonly List<Frame> _items = [];
    private readonly List<Frame>?[] _callers; // of each rule
    private readonly PriorityQueue<int, int> _called = new();

    private long _nextNode = 1;
    private long _bytes;
    private int _work;
    private long _generation;

    /// <param name="program">The grammar.</param>
    /// <param name="maxBytes">About how much memory may be used for what is remembered; beyond, all is forgotten.</param>
    public GrammarAutomaton(GrammarProgram program, long maxBytes)
    {
        _program = program;
        _maxBytes = maxBytes;
        _callers = new List<Frame>?[program.Starts.Length];
        Frame end = new(GrammarProgram.Accept, StackNode.Root);
        Call(program.Root, end);
        if (program.MayBeEmpty[program.Root])
            Open(end);
        Start = Close();
    }

    /// <summary>The state before any text.</summary>
    public ParserState Start { get; }

    /// <summary>About how much memory is used for what is remembered.</summary>
    public long Bytes => _bytes;

    /// <summary>Begins the work for one token or one mask.</summary>
    public void BeginWork() => _work = 0;

    /// <summary>The state after one more byte; <see cref="ParserState.Dead"/> where the grammar has none.</summary>
    /// <exception cref="GrammarException">The text has too many readings.</exception>
    public ParserState Step(ParserState state, byte value)
    {
        int index = _program.ClassOf[value];
        return state.Next?[index] ?? Compute(state, index);
    }

    /// <summary>The object that stands for a state since the automaton last forgot.</summary>
    public ParserState Current(ParserState state)
    {
        if (_bytes > _maxBytes)
            Forget();
        return state.Generation == _generation || state.Items.Length == 0 ? state : Interned(state.Items, state.IsFinal);
    }

    /// <summary>Charges a mask, to be set on a state that is current.</summary>
    public void Charge(ulong[] mask) => _bytes += mask.Length * sizeof(ulong);

    private ParserState Compute(ParserState state, int index)
    {
        if (state.Items.Length == 0)
            return ParserState.Dead;
        state = Current(state);
        if (state.Next?[index] is { } known)
            return known;
        byte value = _program.Representatives[index];
        _work += state.Items.Length;
        foreach (Frame item in state.Items)
        {
            Instruction instruction = _program.Instructions[item.Instruction];
            if (_program.Sets[instruction.Argument].Contains(value))
                Open(new Frame(instruction.Next, item.Node));
        }
        if (state.Next is null)
        {
            state.Next = new ParserState?[_program.Representatives.Length];
            _bytes += 24 + state.Next.Length * IntPtr.Size;
        }
        return state.Next[index] = _open.Count == 0 ? ParserState.Dead : Close();
    }

    /// <summary>The state of what is open and all that it leads to without reading.</summary>
    private ParserState Close()
    {
        bool isFinal = Follow(returns: true);
        // Rules are called in an order in which no callee comes before one of its callers, so that all callers are known.
        while (_called.TryDequeue(out int rule, out _))
        {
            List<Frame> callers = _callers[rule]!;
            Open(new Frame(_program.Starts[rule], Node(callers)));
            callers.Clear();
            isFinal |= Follow(returns: false);
        }
        Frame[] items = [.. _items];
        _items.Clear();
        _seen.Clear();
        Array.Sort(items);
        return Interned(items, isFinal);
    }

    /// <param name="returns">Whether a rule that ends here returns; one that has read nothing was skipped by its caller.</param>
    private bool Follow(bool returns)
    {
        bool isFinal = false;
        while (_open.TryPop(out Frame frame))
        {
            Instruction instruction = _program.Instructions[frame.Instruction];
            switch (instruction.Kind)
            {
                case InstructionKind.Bytes:
                    _items.Add(frame);
                    break;
                case InstructionKind.Split:
                    foreach (int target in _program.Targets[instruction.Argument])
                        Open(new Frame(target, frame.Node));
                    break;
                case InstructionKind.Call:
                    Call(instruction.Argument, new Frame(instruction.Next, frame.Node));
                    if (_program.MayBeEmpty[instruction.Argument])
                        Open(new Frame(instruction.Skip, frame.Node));
                    break;
                case InstructionKind.Accept when frame.Node == StackNode.Root:
                    isFinal = true;
                    break;
                case InstructionKind.Accept when returns:
                    foreach (Frame caller in frame.Node.Frames)
                        Open(caller);
                    break;
            }
        }
        return isFinal;
    }

    private void Open(Frame frame)
    {
        if (!_seen.Add(frame))
            return;
        if (_seen.Count > MaxItems || ++_work > MaxWork)
            Refuse();
        _open.Push(frame);
    }

    private void Call(int rule, Frame caller)
    {
        List<Frame> callers = _callers[rule] ??= [];
        if (callers.Count == 0)
            _called.Enqueue(rule, rule);
        // A call that nothing follows returns to whom its rule returns to: recursion at the end leaves no trace on the stack.
        if (caller.Instruction == GrammarProgram.Accept && caller.Node != StackNode.Root)
            callers.AddRange(caller.Node.Frames);
        else
            callers.Add(caller);
        _work += callers.Count / 64;
        if (callers.Count > 2 * MaxItems && Deduplicate(callers) > MaxItems)
            Refuse();
    }

    private static int Deduplicate(List<Frame> frames)
    {
        frames.Sort();
        int count = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            if (i == 0 || !frames[i].Equals(frames[count - 1]))
                frames[count++] = frames[i];
        }
        frames.RemoveRange(count, frames.Count - count);
        return count;
    }

    private void Refuse()
    {
        _open.Clear();
        _seen.Clear();
        _items.Clear();
        _called.Clear();
        Array.Clear(_callers);
        throw new GrammarException($"The grammar is too ambiguous to follow: the text has more than {MaxItems} readings at once, or one token needs more than {MaxWork} steps; the same texts are allowed in a grammar with fewer ways to read them.");
    }

    private StackNode Node(List<Frame> callers)
    {
        _ = Deduplicate(callers);
        StackNode candidate = new(_nextNode, [.. callers]);
        if (_nodes.TryGetValue(candidate, out StackNode? known))
            return known;
        _nextNode++;
        _ = _nodes.Add(candidate);
        _bytes += 96 + candidate.Frames.Length * 16;
        return candidate;
    }

    private ParserState Interned(Frame[] items, bool isFinal)
    {
        ParserState candidate = new(items, isFinal, _generation);
        if (_states.TryGetValue(candidate, out ParserState? known))
            return known;
        _ = _states.Add(candidate);
        _bytes += 112 + items.Length * 16;
        return candidate;
    }

    private void Forget()
    {
        foreach (ParserState state in _states)
            (state.Next, state.Mask) = (null, null);
        _states.Clear();
        _nodes.Clear();
        _bytes = 0;
        _generation++;
    }
}
