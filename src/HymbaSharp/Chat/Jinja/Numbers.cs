using System.Globalization;
using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Conversions to numbers: the filters <c>int</c>, <c>float</c>, <c>round</c> and <c>abs</c>.</summary>
internal static class Numbers
{
    /// <summary>Python's <c>int()</c> of a number.</summary>
    public static object Truncate(object number)
    {
        if (number is not double value)
            return number is bool truth ? (truth ? 1L : 0L) : number;
        return Math.Abs(value) < 9e18 ? (long)value : throw new JinjaFault($"the float {Representation.Number(value)} exceeds integers of 64 bits");
    }

    public static object ToInteger(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("int", "default", "base");
        ChargeText(value, evaluator.Budget);
        Undefined.Refuse(value);
        if (Arithmetic.IsNumber(value) && value is not double)
            return Truncate(value);
        if (value is string text && ParseInteger(text, Arguments.Integer(bound[1], "int", 10)) is { } parsed)
            return parsed;
        return ParseFloat(value) is { } number && double.IsFinite(number) ? Truncate(number) : bound[0] ?? 0L;
    }

    public static object ToFloat(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("float", "default");
        ChargeText(value, evaluator.Budget);
        Undefined.Refuse(value);
        return ParseFloat(value) ?? bound[0] ?? 0.0;
    }

    private static void ChargeText(object value, Budget budget)
    {
        if (value is string text)
            budget.ChargeText(text.Length);
    }

    private static long? ParseInteger(string text, long radix)
    {
        if (radix is not (2 or 8 or 10 or 16))
            throw new JinjaFault($"int() was given the base {radix}; 2, 8, 10 and 16 are known");
        string digits = PythonDigits(text);
        bool isNegative = digits.StartsWith('-');
        digits = digits.TrimStart('+', '-');
        if (text.Count(c => c is '+' or '-') > 1)
            return null;
        string prefix = radix switch { 2 => "0b", 8 => "0o", 16 => "0x", _ => "" };
        if (prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            digits = digits[2..];
        if (digits.Length == 0)
            return null;
        BigInteger value = 0;
        foreach (char c in digits.TrimStart('0'))
        {
            int digit = char.IsAsciiHexDigit(c) ? int.Parse([c], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : int.MaxValue;
            if (digit >= radix)
                return null;
            value = value * radix + digit;
            if (value > long.MaxValue)
                throw new JinjaFault("int() was given a number beyond 64 bits");
        }
        return isNegative ? -(long)value : (long)value;
    }

    private static double? ParseFloat(object value)
    {
        if (Arithmetic.IsNumber(value))
            return Arithmetic.AsDouble(value);
        if (value is not string text)
            return null;
        string digits = PythonDigits(text);
        switch (digits.TrimStart('+', '-').ToLowerInvariant())
        {
            case "inf" or "infinity":
                return digits.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
            case "nan":
                return double.NaN;
        }
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return digits.Length > 0 && digits.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or 'e' or 'E')
            && double.TryParse(digits, Style, CultureInfo.InvariantCulture, out double number) ? number : null;
    }

    /// <summary>Without the white space around and the underscores between digits that Python allows.</summary>
    private static string PythonDigits(string text)
    {
        string trimmed = text.Trim();
        for (int i = 0; i < trimmed.Length; i++)
        {
            if (trimmed[i] == '_' && (i == 0 || i == trimmed.Length - 1 || !char.IsAsciiHexDigit(trimmed[i - 1]) || !char.IsAsciiHexDigit(trimmed[i + 1])))
                return "";
        }
        return trimmed.Replace("_", "", StringComparison.Ordinal);
    }

    /// <summary>A number with so many digits after the point, the nearest one; the even one of two equally near.</summary>
    public static string Fixed(double value, int digits)
    {
        if (!double.IsFinite(value))
            return Representation.Number(value);
        string text = value.ToString($"F{digits}", CultureInfo.InvariantCulture);
        // The framework rounds an exact half away from zero. A half is an odd multiple of 2^-(digits + 1).
        bool isHalf = Math.Abs(Math.ScaleB(value, digits + 1)) % 2 == 1;
        return isHalf && (text[^1] - '0') % 2 == 1 ? text[..^1] + (char)(text[^1] - 1) : text;
    }

    public static object Round(Evaluator evaluator, object value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("round", "precision", "method");
        long precision = Arguments.Integer(bound[0], "round");
        string method = Arguments.Text(bound[1], "round", "common")!;
        Undefined.Refuse(value);
        if (method is not ("common" or "ceil" or "floor"))
            throw new JinjaFault($"round() was given the method '{method}'; common, ceil and floor are known");
        if (precision is < 0 or > 15)
            throw new JinjaFault($"round() was given the precision {precision}; 0 to 15 are allowed");
        if (method == "common" && value is long or bool or BigInteger)
            return Truncate(value);
        double number = Arithmetic.AsDouble(value);
        double scale = Math.Pow(10, precision);
        return method switch
        {
            "common" => double.IsFinite(number) ? double.Parse(Fixed(number, (int)precision), CultureInfo.InvariantCulture) : number,
            "ceil" => Math.Ceiling(number * scale) / scale,
            _ => Math.Floor(number * scale) / scale,
        };
    }

    public static object Absolute(Evaluator evaluator, object value, Arguments arguments)
    {
        arguments.ExpectNone("abs");
        Undefined.Refuse(value);
        return value switch
        {
            double number => Math.Abs(number),
            _ when Arithmetic.AsInteger(value) is { } number => number < 0 ? Arithmetic.Negate(value) : Truncate(value),
            _ => throw new JinjaFault($"bad operand type for abs(): '{Operations.TypeName(value)}'"),
        };
    }
}
