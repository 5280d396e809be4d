using System.Collections.Frozen;

namespace HymbaSharp.Chat.Jinja;

/// <summary>The methods of texts.</summary>
internal static class TextMethods
{
    public static FrozenDictionary<string, Method<string>> Table { get; } = new Dictionary<string, Method<string>>
    {
        ["strip"] = (text, arguments, budget) => Strip(text, "strip", arguments, start: true, end: true, budget),
        ["lstrip"] = (text, arguments, budget) => Strip(text, "lstrip", arguments, start: true, end: false, budget),
        ["rstrip"] = (text, arguments, budget) => Strip(text, "rstrip", arguments, start: false, end: true, budget),
        ["split"] = (text, arguments, budget) => Split(text, "split", arguments, fromEnd: false, budget),
        ["rsplit"] = (text, arguments, budget) => Split(text, "rsplit", arguments, fromEnd: true, budget),
        ["splitlines"] = (text, arguments, budget) =>
            new ListValue(PythonText.SplitLines(text, Arguments.Flag(arguments.Bind("splitlines", "keepends")[0]), budget)),
        ["partition"] = (text, arguments, budget) => Partition(text, "partition", arguments, fromEnd: false, budget),
        ["rpartition"] = (text, arguments, budget) => Partition(text, "rpartition", arguments, fromEnd: true, budget),
        ["replace"] = Replace,
        ["startswith"] = (text, arguments, budget) => IsAt("startswith", arguments, text.StartsWith, budget),
        ["endswith"] = (text, arguments, budget) => IsAt("endswith", arguments, text.EndsWith, budget),
        ["removeprefix"] = (text, arguments, budget) => One(arguments, "removeprefix") is var prefix && IsAt(prefix, text.StartsWith, budget)
            ? (string)Sequences.Slice(text, PythonText.Length(prefix), null, null, budget)
            : text,
        ["removesuffix"] = (text, arguments, budget) => One(arguments, "removesuffix") is { Length: > 0 } suffix && IsAt(suffix, text.EndsWith, budget)
            ? (string)Sequences.Slice(text, null, -PythonText.Length(suffix), null, budget)
            : text,
        ["find"] = (text, arguments, budget) => Find(text, One(arguments, "find"), fromEnd: false, budget),
        ["rfind"] = (text, arguments, budget) => Find(text, One(arguments, "rfind"), fromEnd: true, budget),
        ["index"] = (text, arguments, budget) => Find(text, One(arguments, "index"), fromEnd: false, budget) is >= 0 and var found
            ? found
            : throw new JinjaFault("substring not found"),
        ["count"] = (text, arguments, budget) => Count(text, arguments, budget),
        ["join"] = (text, arguments, budget) =>
            Join(text, Sequences.Items(Arguments.Required(arguments.Bind("join", "iterable")[0], "join", "iterable"), budget), budget),
        ["format"] = (text, arguments, budget) => TextFormat.Braces(text, arguments, budget),
        ["upper"] = Map("upper", text => text.ToUpperInvariant()),
        ["lower"] = Map("lower", text => text.ToLowerInvariant()),
        ["capitalize"] = Map("capitalize", PythonText.Capitalize),
        ["title"] = Map("title", text => PythonText.Title(text, before => !char.IsLetter(before))),
        ["isdigit"] = Check("isdigit", text => PythonText.IsAll(text, char.IsDigit)),
        ["isalpha"] = Check("isalpha", text => PythonText.IsAll(text, char.IsLetter)),
        ["isalnum"] = Check("isalnum", text => PythonText.IsAll(text, char.IsLetterOrDigit)),
        ["isspace"] = Check("isspace", text => PythonText.IsAll(text, PythonText.IsSpace)),
        ["isupper"] = Check("isupper", text => PythonText.IsCased(text, upper: true)),
        ["islower"] = Check("islower", text => PythonText.IsCased(text, upper: false)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static Method<string> Map(string name, Func<string, string> map) => (text, arguments, budget) =>
    {
        arguments.ExpectNone(name);
        budget.ChargeText(text.Length);
        return map(text);
    };

    private static Method<string> Check(string name, Func<string, bool> check) => (text, arguments, budget) =>
    {
        arguments.ExpectNone(name);
        budget.ChargeText(text.Length);
        return check(text);
    };

    private static string One(Arguments arguments, string function) =>
        Text(Arguments.Required(arguments.Bind(function, "text")[0], function, "text"), function);

    private static string Text(object value, string function) => value is None
        ? throw new JinjaFault($"{function}() needs a text, not a value of type 'NoneType'")
        : Arguments.Text(value, function)!;

    private static string Strip(string text, string function, Arguments arguments, bool start, bool end, Budget budget) =>
        PythonText.Strip(text, Arguments.Text(arguments.Bind(function, "chars")[0], function), start, end, budget);

    private static ListValue Split(string text, string function, Arguments arguments, bool fromEnd, Budget budget)
    {
        object?[] bound = arguments.Bind(function, "sep", "maxsplit");
        return PythonText.Split(text, Arguments.Text(bound[0], function), Arguments.Integer(bound[1], function, -1), fromEnd, budget);
    }

    private static ListValue Partition(string text, string function, Arguments arguments, bool fromEnd, Budget budget)
    {
        string separator = One(arguments, function);
        IReadOnlyList<object> parts = PythonText.Split(text, separator, 1, fromEnd, budget).Items;
        object[] items = parts.Count == 2 ? [parts[0], separator, parts[1]] : fromEnd ? ["", "", text] : [text, "", ""];
        return new ListValue(items, isTuple: true);
    }

    private static string Replace(string text, Arguments arguments, Budget budget)
    {
        object?[] bound = arguments.Bind("replace", "old", "new", "count");
        string old = Text(Arguments.Required(bound[0], "replace", "old"), "replace");
        string replacement = Text(Arguments.Required(bound[1], "replace", "new"), "replace");
        return PythonText.Replace(text, old, replacement, Arguments.Integer(bound[2], "replace", -1), budget);
    }

    private static bool IsAt(string function, Arguments arguments, Func<string, StringComparison, bool> isAt, Budget budget)
    {
        object sought = Arguments.Required(arguments.Bind(function, "text")[0], function, "text");
        return sought is ListValue { IsTuple: true } several
            ? several.Items.Any(one => IsAt(Text(one, function), isAt, budget))
            : IsAt(Text(sought, function), isAt, budget);
    }

    private static bool IsAt(string sought, Func<string, StringComparison, bool> isAt, Budget budget)
    {
        budget.ChargeText(sought.Length);
        return isAt(sought, StringComparison.Ordinal);
    }

    private static long Find(string text, string sought, bool fromEnd, Budget budget)
    {
        budget.ChargeSearch(text, sought);
        int found = fromEnd ? text.LastIndexOf(sought, StringComparison.Ordinal) : text.IndexOf(sought, StringComparison.Ordinal);
        return found < 0 ? -1 : PythonText.Length(text[..found]);
    }

    private static long Count(string text, Arguments arguments, Budget budget)
    {
        string sought = One(arguments, "count");
        budget.ChargeSearch(text, sought);
        return sought.Length == 0 ? PythonText.Length(text) + 1 : text.AsSpan().Count(sought);
    }

    /// <summary>Python's <c>join</c>, which takes nothing but texts.</summary>
    private static string Join(string separator, IReadOnlyList<object> items, Budget budget)
    {
        TextBuffer result = new(budget);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                result.Append(separator);
            result.Append(Text(items[i], "join"));
        }
        return result.ToString();
    }
}
