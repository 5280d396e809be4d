using System.Globalization;
using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Values as text: <c>str()</c> and <c>repr()</c> of Python.</summary>
internal static class Representation
{
    /// <summary>How a value is printed.</summary>
    public static string Text(object value, Budget budget)
    {
        switch (value)
        {
            case string text:
                return text;
            case Undefined:
                return "";
            default:
                TextBuffer buffer = new(budget);
                Write(value, buffer);
                return buffer.ToString();
        }
    }

    /// <summary>How a value is printed inside a list.</summary>
    public static string Quoted(object value, Budget budget)
    {
        TextBuffer buffer = new(budget);
        Write(value, buffer);
        return buffer.ToString();
    }

    public static string Number(object value) => value switch
    {
        long number => number.ToString(CultureInfo.InvariantCulture),
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        _ => Number((double)value),
    };

    /// <summary>The shortest decimal that reads back as the number, with an exponent below 1e-4 and from 1e16 on.</summary>
    private static string Number(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";

        // The round-trip format gives the shortest digits, in either of two notations.
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        string sign = shortest.StartsWith('-') ? "-" : "";
        string[] parts = shortest[sign.Length..].Split('E');
        int point = parts[0].IndexOf('.', StringComparison.Ordinal);
        int exponent = (point < 0 ? parts[0].Length : point) + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        string digits = parts[0].Replace(".", "", StringComparison.Ordinal);
        string significant = digits.TrimStart('0');
        exponent -= digits.Length - significant.Length;
        significant = significant.TrimEnd('0');
        if (significant.Length == 0)
            return sign + "0.0";
        // The value is now 0.significant × 10^exponent.
        if (exponent is < -3 or > 16)
        {
            string fraction = significant.Length > 1 ? "." + significant[1..] : "";
            return $"{sign}{significant[0]}{fraction}e{(exponent < 1 ? '-' : '+')}{Math.Abs(exponent - 1):00}";
        }
        if (exponent <= 0)
            return sign + "0." + new string('0', -exponent) + significant;
        return exponent >= significant.Length
            ? sign + significant.PadRight(exponent, '0') + ".0"
            : sign + significant[..exponent] + "." + significant[exponent..];
    }

    private static void Write(object value, TextBuffer buffer)
    {
        Budget.EnsureStack();
        switch (value)
        {
            case None:
                buffer.Append("None");
                break;
            case bool truth:
                buffer.Append(truth ? "True" : "False");
                break;
            case string text:
                WriteQuoted(text, buffer);
                break;
            case ListValue list:
                string closing = !list.IsTuple ? "]" : list.Items.Count == 1 ? ",)" : ")";
                WriteAll(list.Items, list.IsTuple ? "(" : "[", closing, buffer);
                break;
            case DictValue dict:
                WriteDict(dict.Items, buffer);
                break;
            case IterableValue { Count: not null } view:
                buffer.Append(view.TypeName);
                WriteAll(view.Read(), "([", "])", buffer);
                break;
            case NamespaceValue space:
                buffer.Append("<Namespace ");
                WriteDict(space.Attributes.Select(item => KeyValuePair.Create<object, object>(item.Key, item.Value)), buffer);
                buffer.Append(">");
                break;
            case Undefined:
                buffer.Append("Undefined");
                break;
            case Callable callable:
                buffer.Append($"<function {callable.Name}>");
                break;
            case LoopValue or IterableValue:
                buffer.Append($"<{Operations.TypeName(value)}>");
                break;
            default:
                buffer.Append(Number(value));
                break;
        }
    }

    private static void WriteAll(IReadOnlyList<object> items, string opening, string closing, TextBuffer buffer)
    {
        buffer.Append(opening);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                buffer.Append(", ");
            Write(items[i], buffer);
        }
        buffer.Append(closing);
    }

    private static void WriteDict(IEnumerable<KeyValuePair<object, object>> items, TextBuffer buffer)
    {
        string separator = "{";
        foreach ((object key, object value) in items)
        {
            buffer.Append(separator);
            separator = ", ";
            Write(key, buffer);
            buffer.Append(": ");
            Write(value, buffer);
        }
        buffer.Append(separator == "{" ? "{}" : "}");
    }

    private static void WriteQuoted(string text, TextBuffer buffer)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        buffer.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == quote || c == '\\')
                buffer.Append($"\\{c}");
            else if (c == '\n')
                buffer.Append("\\n");
            else if (c == '\r')
                buffer.Append("\\r");
            else if (c == '\t')
                buffer.Append("\\t");
            else if (i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
                buffer.Append(text.Substring(i++, 2));
            else if (IsPrintable(c))
                buffer.Append(c);
            else
                buffer.Append(c < 0x100 ? $"\\x{(int)c:x2}" : $"\\u{(int)c:x4}");
        }
        buffer.Append(quote);
    }

    private static bool IsPrintable(char c) => c == ' ' || char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
