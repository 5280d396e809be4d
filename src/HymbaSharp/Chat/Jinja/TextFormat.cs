using System.Globalization;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Formatting as templates use it: <c>text % values</c>, the filter <c>format</c>, and <c>text.format()</c> without format specifications.</summary>
internal static class TextFormat
{
    /// <summary>Python's <c>%</c> on a text: the conversions s, r, d, i, x, f and %, with flags, width and precision.</summary>
    public static string Percent(string format, object values, Budget budget)
    {
        IReadOnlyList<object> positional = values is ListValue { IsTuple: true } tuple ? tuple.Items : [values];
        DictValue? named = values as DictValue;
        int next = 0;
        TextBuffer result = new(budget);
        for (int i = 0; i < format.Length; i++)
        {
            int percent = format.IndexOf('%', i);
            result.Append(format[i..(percent < 0 ? format.Length : percent)]);
            if (percent < 0)
                break;
            i = percent + 1;
            string? name = ReadName(format, ref i);
            string flags = ReadWhile(format, ref i, c => c is '-' or '+' or ' ' or '0' or '#');
            int width = ReadSize(format, ref i);
            int precision = -1;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = ReadSize(format, ref i);
            }
            if (i >= format.Length)
                throw new JinjaFault("incomplete format");
            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }
            object value = name is not null
                ? named?.Find(name, budget) ?? throw new JinjaFault($"the format names '{name}', which is not given")
                : next < positional.Count ? positional[next++] : throw new JinjaFault("not enough arguments for format string");
            string text = Convert(format[i], value, precision, flags, budget);
            Pad(text, flags, width, isNumber: format[i] is not ('s' or 'r'), result);
        }
        // What can be indexed counts as the named values of a format that names none.
        return next == positional.Count || values is DictValue or ListValue { IsTuple: false } or Undefined
            ? result.ToString()
            : throw new JinjaFault("not all arguments converted during string formatting");
    }

    private static string? ReadName(string format, ref int i)
    {
        if (i >= format.Length || format[i] != '(')
            return null;
        int close = format.IndexOf(')', i);
        if (close < 0)
            throw new JinjaFault("incomplete format key");
        string name = format[(i + 1)..close];
        i = close + 1;
        return name;
    }

    private static string ReadWhile(string format, ref int i, Func<char, bool> condition)
    {
        int start = i;
        while (i < format.Length && condition(format[i]))
            i++;
        return format[start..i];
    }

    private static int ReadSize(string format, ref int i)
    {
        string digits = ReadWhile(format, ref i, char.IsAsciiDigit);
        if (digits.Length > 3)
            throw new JinjaFault("widths and precisions in a format go up to 999");
        return digits.Length == 0 ? 0 : int.Parse(digits, CultureInfo.InvariantCulture);
    }

    private static string Convert(char conversion, object value, int precision, string flags, Budget budget)
    {
        if (conversion is 's' or 'r')
        {
            string text = conversion == 's' ? Representation.Text(value, budget) : Representation.Quoted(value, budget);
            return precision < 0 ? text : (string)Sequences.Slice(text, null, (long)precision, null, budget);
        }

        Undefined.Refuse(value);
        if (!Arithmetic.IsNumber(value))
            throw new JinjaFault($"%{conversion} format: a number is required, not {Operations.TypeName(value)}");
        string digits = conversion switch
        {
            'd' or 'i' => Representation.Number(Numbers.Truncate(value)),
            'x' => Hexadecimal(value),
            'f' => Numbers.Fixed(Arithmetic.AsDouble(value), precision < 0 ? 6 : precision),
            _ => throw new JinjaFault($"unsupported format character '{conversion}'; s, r, d, i, x, f and % are known"),
        };
        if (digits.StartsWith('-'))
            return digits;
        return flags.Contains('+') ? "+" + digits : flags.Contains(' ') ? " " + digits : digits;
    }

    private static string Hexadecimal(object value) => value switch
    {
        long and < 0 and > long.MinValue => "-" + (-(long)value).ToString("x", CultureInfo.InvariantCulture),
        long number => number.ToString("x", CultureInfo.InvariantCulture),
        bool truth => truth ? "1" : "0",
        _ => throw new JinjaFault($"%x format: an integer is required, not {Operations.TypeName(value)}"),
    };

    private static void Pad(string text, string flags, int width, bool isNumber, TextBuffer result)
    {
        long padding = width - PythonText.Length(text);
        if (padding <= 0)
        {
            result.Append(text);
        }
        else if (flags.Contains('-'))
        {
            result.Append(text);
            result.Append(' ', padding);
        }
        else if (flags.Contains('0') && isNumber)
        {
            int sign = text[0] is '-' or '+' or ' ' ? 1 : 0;
            result.Append(text[..sign]);
            result.Append('0', padding);
            result.Append(text[sign..]);
        }
        else
        {
            result.Append(' ', padding);
            result.Append(text);
        }
    }

    /// <summary>Python's <c>str.format</c> with fields such as <c>{}</c>, <c>{0}</c> and <c>{name}</c>.</summary>
    public static string Braces(string format, Arguments arguments, Budget budget)
    {
        TextBuffer result = new(budget);
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                result.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int close = format.IndexOf('}', i);
                if (close < 0)
                    throw new JinjaFault("expected '}' before end of string");
                result.Append(Representation.Text(Field(format[(i + 1)..close], arguments, ref next), budget));
                i = close;
            }
            else
            {
                result.Append(c != '}' ? c : throw new JinjaFault("single '}' encountered in format string"));
            }
        }
        return result.ToString();
    }

    private static object Field(string field, Arguments arguments, ref int next)
    {
        bool isIndex = field.Length == 0 || int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        if (!isIndex)
        {
            return arguments.Named.TryGetValue(field, out object? value) ? value : throw new JinjaFault(
                $"the field '{{{field}}}' is not given; fields are '{{}}', '{{index}}' or '{{name}}', without a format");
        }
        int index = field.Length == 0 ? next++ : int.Parse(field, CultureInfo.InvariantCulture);
        return index < arguments.Positional.Count
            ? arguments.Positional[index]
            : throw new JinjaFault($"the format needs argument {index}, {arguments.Positional.Count} were given");
    }
}
