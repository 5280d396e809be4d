using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace HymbaSharp.Chat.Jinja;

/// <summary>JSON in, as Python's <c>json.loads</c> reads it, and out, as Hugging Face's <c>tojson</c> writes it.</summary>
internal static class Json
{
    /// <summary>A JSON value as a template sees it. <paramref name="text"/> is applied to every string, the names of members among them.</summary>
    public static object Import(JsonElement element, Func<string, string> text, Budget budget)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return text(Text(element));
            case JsonValueKind.Number:
                return ImportNumber(element);
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.Array:
                Budget.EnsureStack();
                return new ListValue([.. element.EnumerateArray().Select(item => Import(item, text, budget))]);
            case JsonValueKind.Object:
                Budget.EnsureStack();
                DictValue dict = new();
                foreach (JsonProperty member in element.EnumerateObject())
                    dict.Set(text(Name(member)), Import(member.Value, text, budget), budget);
                return dict;
            default:
                return None.Value;
        }
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new JinjaFault("a JSON string holds half of a surrogate pair");
        }
    }

    private static string Name(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw new JinjaFault("the name of a JSON member holds half of a surrogate pair");
        }
    }

    private static object ImportNumber(JsonElement element)
    {
        if (element.TryGetInt64(out long number))
            return number;
        string raw = element.GetRawText();
        // Reading digits into an integer takes time quadratic in their number.
        if (raw.Length > 1000)
            throw new JinjaFault($"a JSON number of {raw.Length} characters; 1000 are allowed");
        return raw.AsSpan().ContainsAny('.', 'e', 'E')
            ? double.Parse(raw, NumberStyles.Float, CultureInfo.InvariantCulture)
            : BigInteger.Parse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The filter <c>tojson</c>: <c>json.dumps</c> without escaping beyond ASCII or for HTML. On one line the separators are
    /// <c>", "</c> and <c>": "</c>; with an indent every element has its own line.
    /// </summary>
    public static object Export(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = bound[1] switch
        {
            null or None => null,
            string text => text,
            object width => PythonText.Repeat(" ", Arguments.Integer(width, "tojson"), evaluator.Budget),
        };
        (string between, string colon) = bound[2] is null or None
            ? (indent is null ? ", " : ",", ": ")
            : bound[2] is ListValue { Items: [string first, string second] }
                ? (first, second)
                : throw new JinjaFault("the separators of tojson() must be two texts");
        TextBuffer buffer = new(evaluator.Budget);
        JsonWriter writer = new(buffer, indent, between, colon, Arguments.Flag(bound[0]), Arguments.Flag(bound[3]));
        writer.Write(value, depth: 0);
        return buffer.ToString();
    }
}
