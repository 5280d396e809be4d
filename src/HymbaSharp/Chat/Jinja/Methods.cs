using System.Collections.Frozen;

namespace HymbaSharp.Chat.Jinja;

internal delegate object Method<in T>(T self, Arguments arguments, Budget budget);

/// <summary>The methods of dictionaries and lists. Values do not change: the methods that would change them are refused.</summary>
internal static class Methods
{
    private static readonly FrozenDictionary<string, Method<DictValue>> OfDicts = new Dictionary<string, Method<DictValue>>
    {
        ["get"] = Get,
        ["items"] = Items,
        ["keys"] = (dict, arguments, budget) => View("keys", dict, item => item.Key, arguments, budget),
        ["values"] = (dict, arguments, budget) => View("values", dict, item => item.Value, arguments, budget),
        ["copy"] = (dict, _, _) => dict,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Method<ListValue>> OfLists = new Dictionary<string, Method<ListValue>>
    {
        ["count"] = (list, arguments, budget) => (long)list.Items.Count(item => Operations.AreEqual(item, Only(arguments, "count"), budget)),
        ["index"] = (list, arguments, budget) => Index(list, arguments, budget),
        ["copy"] = (list, _, _) => list,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Changing = FrozenSet.Create(
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update");

    /// <summary>A method bound to its value; null where the value has none of that name.</summary>
    public static Callable? Find(object value, string name)
    {
        if (value is string text)
            return TextMethods.Table.TryGetValue(name, out Method<string>? ofText) ? Bound(ofText, text, name) : null;
        if (value is DictValue or ListValue { IsTuple: false } && Changing.Contains(name))
        {
            return new Callable(name, (_, _) => throw new JinjaFault(
                $"a template cannot change its values, as '{name}' would; 'set' makes new ones, and a namespace can be changed"));
        }
        if (value is DictValue dict)
            return OfDicts.TryGetValue(name, out Method<DictValue>? ofDict) ? Bound(ofDict, dict, name) : null;
        return value is ListValue list && OfLists.TryGetValue(name, out Method<ListValue>? ofList) ? Bound(ofList, list, name) : null;
    }

    private static Callable Bound<T>(Method<T> method, T self, string name) =>
        new(name, (evaluator, arguments) => method(self, arguments, evaluator.Budget));

    private static object Get(DictValue dict, Arguments arguments, Budget budget)
    {
        object?[] bound = arguments.Bind("get", "key", "default");
        return dict.Find(Arguments.Required(bound[0], "get", "key"), budget) ?? bound[1] ?? None.Value;
    }

    /// <summary>The pairs of a dictionary, as <c>items()</c> and the filter <c>items</c> give them.</summary>
    public static IterableValue Items(DictValue dict, Arguments arguments, Budget budget) =>
        View("items", dict, item => new ListValue([item.Key, item.Value], isTuple: true), arguments, budget);

    private static IterableValue View(
        string name, DictValue dict, Func<KeyValuePair<object, object>, object> part, Arguments arguments, Budget budget)
    {
        arguments.ExpectNone(name);
        budget.Charge(dict.Count);
        return new IterableValue("dict_" + name, [.. dict.Items.Select(part)], isOnce: false);
    }

    private static long Index(ListValue list, Arguments arguments, Budget budget)
    {
        object sought = Only(arguments, "index");
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (Operations.AreEqual(list.Items[i], sought, budget))
                return i;
        }
        throw new JinjaFault("index() found no such item in the list");
    }

    private static object Only(Arguments arguments, string function) =>
        Arguments.Required(arguments.Bind(function, "value")[0], function, "value");
}
