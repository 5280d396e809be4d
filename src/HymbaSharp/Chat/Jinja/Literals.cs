using System.Globalization;
using System.Text;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Numbers and strings as a template writes them.</summary>
internal static class Literals
{
    /// <summary>Reads an integer (decimal, <c>0x</c>, <c>0o</c>, <c>0b</c>) or a float; underscores may separate digits.</summary>
    public static Token ReadNumber(string source, ref int position, int end)
    {
        int start = position;
        if (source[start] == '0' && start + 1 < end && RadixOf(source[start + 1]) is int radix and > 0)
        {
            position += 2;
            long value = 0;
            int digits = position;
            for (; position < end && (source[position] == '_' || Digit(source[position]) < radix); position++)
            {
                if (source[position] == '_')
                    continue;
                if (value > (long.MaxValue - 15) / radix)
                    throw new JinjaFault("an integer must fit 64 bits", start);
                value = value * radix + Digit(source[position]);
            }
            if (position == digits)
                throw new JinjaFault("digits must follow the number's prefix", start);
            return new Token(TokenKind.Integer, value.ToString(CultureInfo.InvariantCulture), start);
        }

        SkipDigits(source, ref position, end);
        bool isFloat = false;
        // "x.1.y" indexes an index: after a dot, digits are an integer.
        bool afterDot = start > 0 && source[start - 1] == '.';
        if (!afterDot && position + 1 < end && source[position] == '.' && char.IsAsciiDigit(source[position + 1]))
        {
            isFloat = true;
            position++;
            SkipDigits(source, ref position, end);
        }
        if (!afterDot && position < end && source[position] is 'e' or 'E')
        {
            int exponent = position + 1;
            if (exponent < end && source[exponent] is '+' or '-')
                exponent++;
            if (exponent < end && char.IsAsciiDigit(source[exponent]))
            {
                isFloat = true;
                position = exponent;
                SkipDigits(source, ref position, end);
            }
        }

        string text = source[start..position].Replace("_", "", StringComparison.Ordinal);
        if (!isFloat && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw new JinjaFault("an integer must fit 64 bits", start);
        return new Token(isFloat ? TokenKind.Float : TokenKind.Integer, text, start);
    }

    /// <summary>Reads a string in either quote, with Python's escapes; an escape Python does not know stays as written.</summary>
    public static Token ReadString(string source, ref int position, int end)
    {
        int start = position;
        char quote = source[position++];
        StringBuilder text = new();
        while (position < end && source[position] != quote)
        {
            char c = source[position++];
            if (c != '\\' || position >= end)
                _ = text.Append(c);
            else
                ReadEscape(source, ref position, end, text);
        }
        if (position >= end)
            throw new JinjaFault("the string is not closed", start);
        position++;
        return new Token(TokenKind.String, text.ToString(), start);
    }

    private static void ReadEscape(string source, ref int position, int end, StringBuilder text)
    {
        char c = source[position++];
        switch (c)
        {
            case '\n': break;
            case 'n': _ = text.Append('\n'); break;
            case 't': _ = text.Append('\t'); break;
            case 'r': _ = text.Append('\r'); break;
            case 'a': _ = text.Append('\a'); break;
            case 'b': _ = text.Append('\b'); break;
            case 'f': _ = text.Append('\f'); break;
            case 'v': _ = text.Append('\v'); break;
            case '\\' or '\'' or '"': _ = text.Append(c); break;
            case 'x': AppendCode(ReadHex(source, ref position, end, 2), position, text); break;
            case 'u': AppendCode(ReadHex(source, ref position, end, 4), position, text); break;
            case 'U': AppendCode(ReadHex(source, ref position, end, 8), position, text); break;
            case >= '0' and <= '7':
                int code = c - '0';
                for (int i = 0; i < 2 && position < end && source[position] is >= '0' and <= '7'; i++)
                    code = code * 8 + (source[position++] - '0');
                AppendCode(code, position, text);
                break;
            default: _ = text.Append('\\').Append(c); break;
        }
    }

    private static long ReadHex(string source, ref int position, int end, int digits)
    {
        if (end - position < digits
            || !long.TryParse(source.AsSpan(position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long code))
            throw new JinjaFault($"{digits} hexadecimal digits must follow the escape", position);
        position += digits;
        return code;
    }

    private static void AppendCode(long code, int at, StringBuilder text)
    {
        if (code > 0x10FFFF)
            throw new JinjaFault("the escape names no character: the last one is 10FFFF", at);
        _ = code <= char.MaxValue ? text.Append((char)code) : text.Append(char.ConvertFromUtf32((int)code));
    }

    private static void SkipDigits(string source, ref int position, int end)
    {
        while (position < end && (char.IsAsciiDigit(source[position])
            || (source[position] == '_' && position + 1 < end && char.IsAsciiDigit(source[position + 1]))))
            position++;
    }

    private static int RadixOf(char letter) => letter switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };

    private static int Digit(char c) => char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : int.MaxValue;
}
