using System.Globalization;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Python's <c>strftime</c> in the C locale.</summary>
internal static class TimeFormat
{
    public static string Format(DateTimeOffset now, string format, Budget budget)
    {
        TextBuffer result = new(budget);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }
            bool isUnpadded = format[++i] == '-' && i + 1 < format.Length;
            if (isUnpadded)
                i++;
            string text = Directive(now, format[i]);
            result.Append(isUnpadded && text.Length > 1 ? text.TrimStart('0') is { Length: > 0 } digits ? digits : "0" : text);
        }
        return result.ToString();
    }

    private static string Directive(DateTimeOffset now, char directive)
    {
        string? format = directive switch
        {
            'a' => "ddd",
            'A' => "dddd",
            'b' or 'h' => "MMM",
            'B' => "MMMM",
            'd' => "dd",
            'D' or 'x' => "MM/dd/yy",
            'f' => "ffffff",
            'F' => "yyyy-MM-dd",
            'H' => "HH",
            'I' => "hh",
            'm' => "MM",
            'M' => "mm",
            'p' => "tt",
            'R' => "HH:mm",
            'S' => "ss",
            'T' or 'X' => "HH:mm:ss",
            'y' => "yy",
            'Y' => "yyyy",
            _ => null,
        };
        if (format is not null)
            return now.ToString(format, CultureInfo.InvariantCulture);
        return directive switch
        {
            'c' => string.Create(CultureInfo.InvariantCulture, $"{now:ddd MMM} {now.Day,2} {now:HH:mm:ss yyyy}"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'n' => "\n",
            't' => "\t",
            'u' => ((int)now.DayOfWeek == 0 ? 7 : (int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            // datetime.now() has no time zone.
            'z' or 'Z' => "",
            '%' => "%",
            _ => throw new JinjaFault($"strftime_now() does not know the directive '%{directive}'"),
        };
    }
}
