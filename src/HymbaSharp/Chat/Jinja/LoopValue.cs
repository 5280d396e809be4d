namespace HymbaSharp.Chat.Jinja;

/// <summary>
/// The variable <c>loop</c>. It reads its items as the loop goes on, so that a loop's filter is asked about an item only when the
/// body before it has run; <c>length</c>, <c>last</c> and <c>nextitem</c> read ahead.
/// </summary>
internal sealed class LoopValue(IEnumerator<object> items)
{
    private readonly Queue<object> _ahead = new();
    private object? _current;
    private object? _previous;
    private Arguments? _changed;
    private long _index = -1;

    public bool MoveNext()
    {
        if (!Peek(1))
            return false;
        _previous = _current;
        _current = _ahead.Dequeue();
        _index++;
        return true;
    }

    public object Current => _current!;

    private bool Peek(int count)
    {
        while (_ahead.Count < count && items.MoveNext())
            _ahead.Enqueue(items.Current);
        return _ahead.Count >= count;
    }

    private long Length()
    {
        while (Peek(_ahead.Count + 1))
        {
        }
        return _index + 1 + _ahead.Count;
    }

    /// <summary>An attribute of the loop; null where there is none of that name.</summary>
    public object? Attribute(string name) => name switch
    {
        "index" => _index + 1,
        "index0" => _index,
        "first" => _index == 0,
        "last" => !Peek(1),
        "length" => Length(),
        "revindex" => Length() - _index,
        "revindex0" => Length() - _index - 1,
        "depth" => 1L,
        "depth0" => 0L,
        "previtem" => _previous ?? new Undefined("there is no previous item"),
        "nextitem" => Peek(1) ? _ahead.Peek() : new Undefined("there is no next item"),
        "cycle" => new Callable("cycle", (_, arguments) => arguments.Positional is { Count: > 0 } values
            ? values[(int)(_index % values.Count)]
            : throw new JinjaFault("no items for cycling given")),
        "changed" => new Callable("changed", Changed),
        _ => null,
    };

    private object Changed(Evaluator evaluator, Arguments arguments)
    {
        bool isSame = _changed is { } before && before.Positional.Count == arguments.Positional.Count
            && before.Positional.Zip(arguments.Positional).All(pair => Operations.AreEqual(pair.First, pair.Second, evaluator.Budget));
        _changed = arguments;
        return !isSame;
    }
}
