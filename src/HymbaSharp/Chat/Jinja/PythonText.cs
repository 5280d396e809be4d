using System.Text;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Texts as Python sees them: sequences of code points, with Python's notion of white space and of lines.</summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static string Concat(string left, string right, Budget budget)
    {
        budget.ChargeText((long)left.Length + right.Length);
        return left + right;
    }

    public static string Repeat(string text, long count, Budget budget)
    {
        if (count <= 0 || text.Length == 0)
            return "";
        if (count > Budget.MaxText)
            budget.ChargeText(count);
        budget.ChargeText(text.Length * count);
        return new StringBuilder().Insert(0, text, (int)count).ToString();
    }

    /// <summary>Whether every UTF-16 unit is a code point, so that positions in the two are the same.</summary>
    public static bool IsPlain(string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    /// <summary>The number of code points.</summary>
    public static long Length(string text)
    {
        if (IsPlain(text))
            return text.Length;
        long pairs = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
                pairs++;
        }
        return text.Length - pairs;
    }

    /// <summary>The code points, each as a text.</summary>
    public static List<object> CodePoints(string text, Budget budget)
    {
        budget.Charge(1 + (long)text.Length);
        List<object> points = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            points.Add(text.Substring(i, isPair ? 2 : 1));
            i += isPair ? 1 : 0;
        }
        return points;
    }

    /// <summary>Strips the characters of a set, or white space where it is null, from the ends asked for.</summary>
    public static string Strip(string text, string? characters, bool start, bool end, Budget budget)
    {
        budget.ChargeText(text.Length);
        if (characters is not null)
            budget.ChargeSearch(text, characters);
        int first = 0;
        int last = text.Length;
        while (start && first < last && IsStripped(text[first]))
            first++;
        while (end && last > first && IsStripped(text[last - 1]))
            last--;
        return text[first..last];

        bool IsStripped(char c) => characters?.Contains(c) ?? IsSpace(c);
    }

    public static string Replace(string text, string old, string replacement, long count, Budget budget)
    {
        budget.ChargeSearch(text, old);
        if (count < 0)
            count = long.MaxValue;
        TextBuffer result = new(budget);
        int position = 0;
        if (old.Length == 0)
        {
            for (; position < text.Length && count > 0; count--, position++)
            {
                result.Append(replacement);
                result.Append(text[position]);
            }
            if (count > 0)
                result.Append(replacement);
        }
        for (int found; count > 0 && old.Length > 0 && (found = text.IndexOf(old, position, StringComparison.Ordinal)) >= 0; count--)
        {
            result.Append(text[position..found]);
            result.Append(replacement);
            position = found + old.Length;
        }
        result.Append(text[position..]);
        return result.ToString();
    }

    /// <summary>Python's <c>split</c> and <c>rsplit</c>: at white space where the separator is null, at most <paramref name="limit"/> times unless negative.</summary>
    public static ListValue Split(string text, string? separator, long limit, bool fromEnd, Budget budget)
    {
        budget.ChargeSearch(text, separator ?? " ");
        if (separator is { Length: 0 })
            throw new JinjaFault("empty separator");
        if (limit < 0)
            limit = long.MaxValue;
        List<object> parts = separator is null ? SplitAtSpace(text, limit, fromEnd) : SplitAt(text, separator, limit, fromEnd);
        if (fromEnd)
            parts.Reverse();
        budget.Charge(parts.Count + text.Length / 4);
        return new ListValue(parts);
    }

    private static List<object> SplitAt(string text, string separator, long limit, bool fromEnd)
    {
        List<object> parts = [];
        int start = 0;
        int end = text.Length;
        for (; limit > 0; limit--)
        {
            ReadOnlySpan<char> rest = text.AsSpan(start, end - start);
            int found = fromEnd ? rest.LastIndexOf(separator) : rest.IndexOf(separator);
            if (found < 0)
                break;
            found += start;
            parts.Add(fromEnd ? text[(found + separator.Length)..end] : text[start..found]);
            (start, end) = fromEnd ? (start, found) : (found + separator.Length, end);
        }
        parts.Add(text[start..end]);
        return parts;
    }

    private static List<object> SplitAtSpace(string text, long limit, bool fromEnd)
    {
        List<object> parts = [];
        int start = 0;
        int end = text.Length;
        while (true)
        {
            while (start < end && IsSpace(text[fromEnd ? end - 1 : start]))
                _ = fromEnd ? end-- : start++;
            if (start == end)
                return parts;
            // After the last split allowed, the rest is one part.
            int cut = fromEnd ? end : start;
            while (fromEnd && cut > start && (limit == 0 || !IsSpace(text[cut - 1])))
                cut--;
            while (!fromEnd && cut < end && (limit == 0 || !IsSpace(text[cut])))
                cut++;
            parts.Add(fromEnd ? text[cut..end] : text[start..cut]);
            (start, end) = fromEnd ? (start, cut) : (cut, end);
            limit--;
        }
    }

    public static List<object> SplitLines(string text, bool keepEnds, Budget budget)
    {
        budget.Charge(1 + (long)text.Length);
        List<object> lines = [];
        for (int start = 0, i = 0; i < text.Length || start < text.Length;)
        {
            while (i < text.Length && !IsLineEnd(text[i]))
                i++;
            int end = i;
            if (i < text.Length)
                i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 2 : 1;
            lines.Add(text[start..(keepEnds ? i : end)]);
            start = i;
        }
        return lines;
    }

    private static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>Every letter that <paramref name="startsWord"/> (given the character before it) in upper case, the others in lower case.</summary>
    public static string Title(string text, Func<char, bool> startsWord)
    {
        StringBuilder title = new(text.Length);
        for (int i = 0; i < text.Length; i++)
            _ = title.Append(i == 0 || startsWord(text[i - 1]) ? char.ToUpperInvariant(text[i]) : char.ToLowerInvariant(text[i]));
        return title.ToString();
    }

    public static bool IsAll(string text, Func<char, bool> condition) => text.Length > 0 && text.All(condition);

    /// <summary>Whether the text has a cased letter and all of them are upper (or lower) case.</summary>
    public static bool IsCased(string text, bool upper) =>
        text.Any(upper ? char.IsUpper : char.IsLower) && !text.Any(upper ? char.IsLower : char.IsUpper);
}
