namespace HymbaSharp.Chat.Jinja;

/// <summary>Attributes and items. <c>a.b</c> prefers the attribute (a method) to the item, <c>a['b']</c> the item to the attribute.</summary>
internal static class Access
{
    public static object Attribute(object value, string name, Evaluator evaluator) =>
        OwnAttribute(value, name) ?? OwnItem(value, name, evaluator.Budget) ?? Missing(value, name);

    public static object Item(object value, object key, Evaluator evaluator)
    {
        if (key is not string name)
            return OwnItem(value, key, evaluator.Budget) ?? Missing(value, key);
        evaluator.Budget.ChargeText(name.Length);
        return OwnItem(value, key, evaluator.Budget) ?? OwnAttribute(value, name) ?? Missing(value, key);
    }

    /// <summary>An item by a path such as <c>function.name</c> or <c>0.role</c>, as the filters that take an attribute look it up.</summary>
    public static object Path(object value, object path, Evaluator evaluator)
    {
        if (path is not string text)
            return Item(value, path, evaluator);
        evaluator.Budget.ChargeText(text.Length);
        foreach (string part in text.Split('.'))
            value = Item(value, long.TryParse(part, out long index) && char.IsAsciiDigit(part[0]) ? index : part, evaluator);
        return value;
    }

    private static object? OwnAttribute(object value, string name)
    {
        Undefined.Refuse(value);
        switch (value)
        {
            case NamespaceValue space:
                return space.Attributes.GetValueOrDefault(name);
            case LoopValue loop:
                return loop.Attribute(name);
            case Callable callable when name == "name":
                return callable.Name;
            default:
                return Methods.Find(value, name);
        }
    }

    private static object? OwnItem(object value, object key, Budget budget)
    {
        Undefined.Refuse(value);
        long? index = key switch { long number => number, bool truth => truth ? 1 : 0, _ => null };
        switch (value)
        {
            case DictValue dict:
                return dict.Find(key, budget);
            case ListValue list when index is { } position:
                return Sequences.At(list.Items, position);
            case string text when index is { } position:
                return Sequences.At(text, position, budget);
            default:
                return null;
        }
    }

    private static Undefined Missing(object value, object key) => key is string name
        ? new Undefined($"'{Operations.TypeName(value)} object' has no attribute '{name}'")
        : new Undefined($"'{Operations.TypeName(value)} object' has no element {(key is long index ? index : Operations.TypeName(key))}");
}
