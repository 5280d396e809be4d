namespace HymbaSharp.Chat.Jinja;

// A value of a template is one of: None, bool, long, BigInteger (only from JSON, beyond 64 bits), double, string, ListValue,
// DictValue, IterableValue, NamespaceValue, LoopValue, Callable, Undefined. All but NamespaceValue, LoopValue and the position
// of an IterableValue are immutable, as in the sandbox Hugging Face renders templates in.

/// <summary>Python's <c>None</c>.</summary>
internal sealed class None
{
    private None()
    {
    }

    public static None Value { get; } = new();
}

/// <summary>What a name, attribute or item that does not exist evaluates to: empty as text, false, and an error to use otherwise.</summary>
internal sealed class Undefined(string message)
{
    /// <summary>What is missing, as an error says it.</summary>
    public string Message => message;

    /// <summary>Refuses an undefined value where a defined one is needed.</summary>
    public static void Refuse(object value)
    {
        if (value is Undefined undefined)
            throw new JinjaFault(undefined.Message);
    }
}

/// <summary>A list, or a tuple.</summary>
internal sealed class ListValue(IReadOnlyList<object> items, bool isTuple = false)
{
    public IReadOnlyList<object> Items => items;

    public bool IsTuple => isTuple;
}

/// <summary>A dictionary that keeps the order of insertion. Keys are strings, numbers, booleans or None, equal as in Python: 1 is 1.0 is True.</summary>
internal sealed class DictValue
{
    private readonly OrderedDictionary<object, object> _items = new(KeyComparer.Instance);

    public IReadOnlyList<KeyValuePair<object, object>> Items => _items;

    public IEnumerable<object> Keys => _items.Keys;

    public int Count => _items.Count;

    public object? Find(object key, Budget budget)
    {
        ChargeHash(key, budget);
        return KeyComparer.IsKey(key) ? _items.GetValueOrDefault(key) : null;
    }

    /// <summary>Used while the dictionary is built, never after.</summary>
    public void Set(object key, object value, Budget budget)
    {
        ChargeHash(key, budget);
        if (!KeyComparer.IsKey(key))
            throw new JinjaFault($"a value of type '{Operations.TypeName(key)}' cannot be the key of a dictionary here");
        _items[key] = value;
    }

    private static void ChargeHash(object key, Budget budget)
    {
        if (key is string text)
            budget.ChargeRead(text);
    }
}

/// <summary>Equality of the keys of dictionaries.</summary>
internal sealed class KeyComparer : IEqualityComparer<object>
{
    public static KeyComparer Instance { get; } = new();

    public static bool IsKey(object value) => value is string or long or double or bool or None;

    public new bool Equals(object? x, object? y) => object.Equals(Normalize(x), Normalize(y));

    // The hash of a number in the framework is known, and a template could collect keys that share one; this one is seeded.
    public int GetHashCode(object obj) => Normalize(obj) switch
    {
        long number => HashCode.Combine((int)number, (int)(number >> 32)),
        double number when BitConverter.DoubleToInt64Bits(number) is var bits => HashCode.Combine((int)bits, (int)(bits >> 32)),
        object key => key.GetHashCode(),
        null => 0,
    };

    private static object? Normalize(object? key) => key switch
    {
        bool truth => truth ? 1L : 0L,
        double number when Math.Abs(number) < 1e15 && Math.Floor(number) == number => (long)number,
        _ => key,
    };
}

/// <summary>
/// What can be iterated but not indexed: a view of a dictionary, which has a length, or the result of a filter such as
/// <c>map</c>, which has none, is true even when empty, and can be read once.
/// </summary>
internal sealed class IterableValue(string typeName, IReadOnlyList<object> items, bool isOnce)
{
    private IReadOnlyList<object> _items = items;

    public string TypeName => typeName;

    /// <summary>The length of a view; null for what can be read once.</summary>
    public int? Count => isOnce ? null : _items.Count;

    public IReadOnlyList<object> Read()
    {
        IReadOnlyList<object> items = _items;
        if (isOnce)
            _items = [];
        return items;
    }
}

/// <summary>What <c>namespace()</c> makes: the one thing <c>set</c> can change from an inner scope.</summary>
internal sealed class NamespaceValue
{
    public Dictionary<string, object> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>A macro, a function, or a method bound to its value.</summary>
internal sealed class Callable(string name, Func<Evaluator, Arguments, object> invoke)
{
    public string Name => name;

    public object Invoke(Evaluator evaluator, Arguments arguments) => invoke(evaluator, arguments);
}
