namespace HymbaSharp.Chat.Jinja;

/// <summary>The filters over lists, dictionaries and other iterables.</summary>
internal static class SequenceFilters
{
    public static object First(Evaluator evaluator, object value, Arguments arguments)
    {
        arguments.ExpectNone("first");
        return Sequences.At(Sequences.Items(value, evaluator.Budget), 0) ?? new Undefined("No first item, sequence was empty.");
    }

    public static object Last(Evaluator evaluator, object value, Arguments arguments)
    {
        arguments.ExpectNone("last");
        if (value is IterableValue { Count: null })
            throw new JinjaFault($"'{Operations.TypeName(value)}' object is not reversible; the filter 'list' makes a list of it");
        return Sequences.At(Sequences.Items(value, evaluator.Budget), -1) ?? new Undefined("No last item, sequence was empty.");
    }

    public static object Items(Evaluator evaluator, object value, Arguments arguments) => value switch
    {
        Undefined => Once([]),
        DictValue dict => Once(Methods.Items(dict, arguments, evaluator.Budget).Read()),
        _ => throw new JinjaFault("Can only get item pairs from a mapping."),
    };

    public static object Join(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("join", "d", "attribute");
        string separator = bound[0] is null ? "" : Representation.Text(bound[0]!, evaluator.Budget);
        IReadOnlyList<object> items = Sequences.Items(value, evaluator.Budget);
        TextBuffer result = new(evaluator.Budget);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                result.Append(separator);
            result.Append(Representation.Text(Key(items[i], bound[1], evaluator), evaluator.Budget));
        }
        return result.ToString();
    }

    public static object Reverse(Evaluator evaluator, object value, Arguments arguments)
    {
        arguments.ExpectNone("reverse");
        List<object> items = [.. Sequences.Items(value, evaluator.Budget)];
        items.Reverse();
        return value is string ? string.Concat(items) : Once(items);
    }

    public static object Batch(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("batch", "linecount", "fill_with");
        long size = Arguments.Integer(bound[0], "batch");
        if (size is < 1 or > Budget.MaxWork)
            throw new JinjaFault($"batch() was given {size} items a line; at least 1 are allowed");
        List<object> lines = [];
        foreach (object[] line in Sequences.Items(value, evaluator.Budget).Chunk((int)size))
        {
            long missing = bound[1] is null or None ? 0 : size - line.Length;
            evaluator.Budget.Charge(missing);
            lines.Add(new ListValue([.. line, .. Enumerable.Repeat(bound[1]!, (int)missing)]));
        }
        return Once(lines);
    }

    public static object Map(Evaluator evaluator, object value, Arguments arguments)
    {
        if (!Operations.IsTrue(value))
            return Once([]);
        Func<object, object> map = arguments.Positional.Count > 0 ? MapByFilter(evaluator, arguments) : MapToAttribute(evaluator, arguments);
        return Once([.. Sequences.Items(value, evaluator.Budget).Select(map)]);
    }

    private static Func<object, object> MapByFilter(Evaluator evaluator, Arguments arguments)
    {
        string filter = Name(arguments.Positional[0]);
        Arguments ofFilter = arguments.Skip(1);
        return item => Filters.Apply(filter, evaluator, item, ofFilter);
    }

    private static Func<object, object> MapToAttribute(Evaluator evaluator, Arguments arguments)
    {
        object?[] bound = arguments.Bind("map", "attribute", "default");
        object attribute = Arguments.Required(bound[0], "map", "attribute");
        return item => Access.Path(item, attribute, evaluator) is var found && found is Undefined && bound[1] is { } otherwise and not None
            ? otherwise
            : found;
    }

    public static object Select(Evaluator evaluator, object value, Arguments arguments, bool byAttribute, bool isRejecting)
    {
        if (!Operations.IsTrue(value))
            return Once([]);
        int own = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < own)
            throw new JinjaFault("the name of an attribute is missing");
        string? test = arguments.Positional.Count > own ? Name(arguments.Positional[own]) : null;
        Arguments ofTest = arguments.Skip(own + 1);
        List<object> selected = [];
        foreach (object item in Sequences.Items(value, evaluator.Budget))
        {
            object tested = byAttribute ? Access.Path(item, arguments.Positional[0], evaluator) : item;
            if ((test is null ? Operations.IsTrue(tested) : Tests.Apply(test, evaluator, tested, ofTest)) != isRejecting)
                selected.Add(item);
        }
        return Once(selected);
    }

    public static object Sort(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        bool isSensitive = Arguments.Flag(bound[1]);
        // "a,b" sorts by a, then by b.
        object[] attributes = bound[2] is string text ? text.Split(',') : [bound[2] ?? None.Value];
        IReadOnlyList<object> items = Sequences.Items(value, evaluator.Budget);
        return new ListValue(Ordering.Sort(items, KeyOf, Arguments.Flag(bound[0]), evaluator.Budget));

        object KeyOf(object item)
        {
            IEnumerable<object> keys = attributes.Select(attribute => Key(item, attribute, evaluator));
            return new ListValue([.. isSensitive ? keys : keys.Select(key => Ordering.IgnoreCase(key, evaluator.Budget))]);
        }
    }

    public static object DictSort(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        string by = Arguments.Text(bound[1], "dictsort", "key")!;
        if (by is not ("key" or "value"))
            throw new JinjaFault("You can only sort by either \"key\" or \"value\"");
        Undefined.Refuse(value);
        if (value is not DictValue dict)
            throw new JinjaFault($"dictsort() needs a dictionary, not a value of type '{Operations.TypeName(value)}'");
        IReadOnlyList<object> pairs = Methods.Items(dict, Arguments.Empty, evaluator.Budget).Read();
        return new ListValue(Ordering.Sort(pairs, KeyOf, Arguments.Flag(bound[2]), evaluator.Budget));

        object KeyOf(object pair)
        {
            object key = ((ListValue)pair).Items[by == "key" ? 0 : 1];
            return Arguments.Flag(bound[0]) ? key : Ordering.IgnoreCase(key, evaluator.Budget);
        }
    }

    public static object Unique(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("unique", "case_sensitive", "attribute");
        DictValue seen = new();
        List<object> unique = [];
        foreach (object item in Sequences.Items(value, evaluator.Budget))
        {
            object key = Key(item, bound[1], evaluator);
            key = Arguments.Flag(bound[0]) ? key : Ordering.IgnoreCase(key, evaluator.Budget);
            if (seen.Find(key, evaluator.Budget) is null)
                unique.Add(item);
            seen.Set(key, true, evaluator.Budget);
        }
        return Once(unique);
    }

    /// <summary><c>min</c> and <c>max</c>: the first of the items that none surpasses.</summary>
    public static object Extreme(Evaluator evaluator, object value, Arguments arguments, string function)
    {
        object?[] bound = arguments.Bind(function, "case_sensitive", "attribute");
        object? best = null;
        object? bestKey = null;
        foreach (object item in Sequences.Items(value, evaluator.Budget))
        {
            object key = Key(item, bound[1], evaluator);
            key = Arguments.Flag(bound[0]) ? key : Ordering.IgnoreCase(key, evaluator.Budget);
            if (bestKey is not null && !(function == "min"
                ? Operations.OrderOf(key, bestKey, "<", evaluator.Budget) < 0
                : Operations.OrderOf(key, bestKey, ">", evaluator.Budget) > 0))
                continue;
            (best, bestKey) = (item, key);
        }
        return best ?? new Undefined("No aggregated item, sequence was empty.");
    }

    public static object Sum(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("sum", "attribute", "start");
        object sum = bound[1] ?? 0L;
        if (sum is string)
            throw new JinjaFault("sum() can't sum strings; the filter 'join' does");
        foreach (object item in Sequences.Items(value, evaluator.Budget))
            sum = Arithmetic.Apply(BinaryOperator.Add, sum, Key(item, bound[0], evaluator), evaluator);
        return sum;
    }

    /// <summary>The item itself, or the attribute of it that a filter was asked to look at.</summary>
    private static object Key(object item, object? attribute, Evaluator evaluator) =>
        attribute is null or None ? item : Access.Path(item, attribute, evaluator);

    private static string Name(object value) =>
        value as string ?? throw new JinjaFault("a filter or a test is named by a text");

    private static IterableValue Once(IReadOnlyList<object> items) => new("generator", items, isOnce: true);
}
