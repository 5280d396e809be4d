using System.Collections.Frozen;

namespace HymbaSharp.Chat.Jinja;

internal delegate object Filter(Evaluator evaluator, object value, Arguments arguments);

/// <summary>The filters, by name; those over sequences are <see cref="SequenceFilters"/>.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Filter> Table = new Dictionary<string, Filter>
    {
        ["abs"] = Numbers.Absolute,
        ["batch"] = SequenceFilters.Batch,
        ["capitalize"] = Map("capitalize", PythonText.Capitalize),
        ["count"] = (evaluator, value, arguments) => Length(evaluator, value, arguments),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SequenceFilters.DictSort,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["first"] = SequenceFilters.First,
        ["float"] = Numbers.ToFloat,
        ["format"] = Format,
        ["indent"] = Indent,
        ["int"] = Numbers.ToInteger,
        ["items"] = SequenceFilters.Items,
        ["join"] = SequenceFilters.Join,
        ["last"] = SequenceFilters.Last,
        ["length"] = (evaluator, value, arguments) => Length(evaluator, value, arguments),
        ["list"] = (evaluator, value, arguments) => new ListValue(Sequences.Items(Alone(value, "list", arguments), evaluator.Budget)),
        ["lower"] = Map("lower", text => text.ToLowerInvariant()),
        ["map"] = SequenceFilters.Map,
        ["max"] = (evaluator, value, arguments) => SequenceFilters.Extreme(evaluator, value, arguments, "max"),
        ["min"] = (evaluator, value, arguments) => SequenceFilters.Extreme(evaluator, value, arguments, "min"),
        ["reject"] = (evaluator, value, arguments) => SequenceFilters.Select(evaluator, value, arguments, byAttribute: false, isRejecting: true),
        ["rejectattr"] = (evaluator, value, arguments) => SequenceFilters.Select(evaluator, value, arguments, byAttribute: true, isRejecting: true),
        ["replace"] = Replace,
        ["reverse"] = SequenceFilters.Reverse,
        ["round"] = Numbers.Round,
        // Nothing is escaped automatically, so that nothing needs to be kept from it.
        ["safe"] = Map("safe", text => text),
        ["select"] = (evaluator, value, arguments) => SequenceFilters.Select(evaluator, value, arguments, byAttribute: false, isRejecting: false),
        ["selectattr"] = (evaluator, value, arguments) => SequenceFilters.Select(evaluator, value, arguments, byAttribute: true, isRejecting: false),
        ["sort"] = SequenceFilters.Sort,
        ["string"] = Map("string", text => text),
        ["sum"] = SequenceFilters.Sum,
        ["title"] = Map("title", text => PythonText.Title(text, before => before is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(before))),
        ["tojson"] = Json.Export,
        ["trim"] = Trim,
        ["unique"] = SequenceFilters.Unique,
        ["upper"] = Map("upper", text => text.ToUpperInvariant()),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => Table.ContainsKey(name);

    public static object Apply(string name, Evaluator evaluator, object value, Arguments arguments) =>
        Table.TryGetValue(name, out Filter? filter)
            ? filter(evaluator, value, arguments)
            : throw new JinjaFault($"there is no filter '{name}'; known are {string.Join(", ", Table.Keys.Order())}");

    private static object Alone(object value, string function, Arguments arguments)
    {
        arguments.ExpectNone(function);
        return value;
    }

    private static Filter Map(string name, Func<string, string> map) => (evaluator, value, arguments) =>
    {
        string text = Representation.Text(Alone(value, name, arguments), evaluator.Budget);
        evaluator.Budget.ChargeText(text.Length);
        return map(text);
    };

    private static long Length(Evaluator evaluator, object value, Arguments arguments) =>
        Sequences.Length(Alone(value, "length", arguments), evaluator.Budget)
            ?? throw new JinjaFault($"object of type '{Operations.TypeName(value)}' has no len()");

    private static object Default(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("default", "default_value", "boolean");
        bool isMissing = value is Undefined || (Arguments.Flag(bound[1]) && !Operations.IsTrue(value));
        return isMissing ? bound[0] ?? "" : value;
    }

    private static string Escape(Evaluator evaluator, object value, Arguments arguments)
    {
        TextBuffer result = new(evaluator.Budget);
        foreach (char c in Representation.Text(Alone(value, "escape", arguments), evaluator.Budget))
        {
            result.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&#34;",
                '\'' => "&#39;",
                _ => c.ToString(),
            });
        }
        return result.ToString();
    }

    private static string Format(Evaluator evaluator, object value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new JinjaFault("format() takes positional or named arguments, not both");
        object values = new ListValue(arguments.Positional, isTuple: true);
        if (arguments.Named.Count > 0)
        {
            DictValue named = new();
            foreach ((string name, object argument) in arguments.Named)
                named.Set(name, argument, evaluator.Budget);
            values = named;
        }
        return TextFormat.Percent(Representation.Text(value, evaluator.Budget), values, evaluator.Budget);
    }

    private static string Indent(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("indent", "width", "first", "blank");
        string indent = bound[0] as string ?? PythonText.Repeat(" ", Arguments.Integer(bound[0], "indent", 4), evaluator.Budget);
        Undefined.Refuse(value);
        string text = Arguments.Text(value, "indent") ?? throw new JinjaFault("indent() needs a text, not a value of type 'NoneType'");
        TextBuffer result = new(evaluator.Budget);
        List<object> lines = PythonText.SplitLines(text + "\n", keepEnds: false, evaluator.Budget);
        for (int i = 0; i < lines.Count; i++)
        {
            string line = (string)lines[i];
            if (i > 0)
                result.Append('\n');
            if (i == 0 ? Arguments.Flag(bound[1]) : line.Length > 0 || Arguments.Flag(bound[2]))
                result.Append(indent);
            result.Append(line);
        }
        return result.ToString();
    }

    private static string Replace(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("replace", "old", "new", "count");
        string old = Representation.Text(Arguments.Required(bound[0], "replace", "old"), evaluator.Budget);
        string replacement = Representation.Text(Arguments.Required(bound[1], "replace", "new"), evaluator.Budget);
        string text = Representation.Text(value, evaluator.Budget);
        return PythonText.Replace(text, old, replacement, Arguments.Integer(bound[2], "replace", -1), evaluator.Budget);
    }

    private static string Trim(Evaluator evaluator, object value, Arguments arguments)
    {
        string? characters = Arguments.Text(arguments.Bind("trim", "chars")[0], "trim");
        return PythonText.Strip(Representation.Text(value, evaluator.Budget), characters, start: true, end: true, evaluator.Budget);
    }
}
