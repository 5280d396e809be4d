using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>The arithmetic operators, as in Python, on integers of 64 bits.</summary>
internal static class Arithmetic
{
    public static bool IsNumber(object value) => value is long or bool or double or BigInteger;

    /// <summary>An integer or a boolean as an integer of any size; null otherwise.</summary>
    public static BigInteger? AsInteger(object value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        BigInteger number => number,
        _ => null,
    };

    public static double AsDouble(object value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        BigInteger number => (double)number,
        double number => number,
        _ => throw new JinjaFault($"a number is needed, not a value of type '{Operations.TypeName(value)}'"),
    };

    public static object Apply(BinaryOperator symbol, object left, object right, Evaluator evaluator)
    {
        if (symbol == BinaryOperator.Modulo && left is string format)
            return TextFormat.Percent(format, right, evaluator.Budget);
        Undefined.Refuse(left);
        Undefined.Refuse(right);
        if (IsNumber(left) && IsNumber(right))
            return OfNumbers(symbol, left, right);
        return (symbol, left, right) switch
        {
            (BinaryOperator.Add, string a, string b) => PythonText.Concat(a, b, evaluator.Budget),
            (BinaryOperator.Add, ListValue a, ListValue b) when a.IsTuple == b.IsTuple => Sequences.Concat(a, b, evaluator.Budget),
            (BinaryOperator.Multiply, string text, long or bool) => PythonText.Repeat(text, (long)AsInteger(right)!, evaluator.Budget),
            (BinaryOperator.Multiply, long or bool, string text) => PythonText.Repeat(text, (long)AsInteger(left)!, evaluator.Budget),
            (BinaryOperator.Multiply, ListValue list, long or bool) => Sequences.Repeat(list, (long)AsInteger(right)!, evaluator.Budget),
            (BinaryOperator.Multiply, long or bool, ListValue list) => Sequences.Repeat(list, (long)AsInteger(left)!, evaluator.Budget),
            (BinaryOperator.Add, string, _) => throw new JinjaFault(
                $"can only concatenate str (not \"{Operations.TypeName(right)}\") to str; '~' joins values of any type as text"),
            _ => throw new JinjaFault(
                $"unsupported operand types for {Symbol(symbol)}: '{Operations.TypeName(left)}' and '{Operations.TypeName(right)}'"),
        };
    }

    public static object Negate(object value)
    {
        Undefined.Refuse(value);
        if (value is double number)
            return -number;
        return IsNumber(value)
            ? OfNumbers(BinaryOperator.Subtract, 0L, value)
            : throw new JinjaFault($"bad operand type for unary -: '{Operations.TypeName(value)}'");
    }

    private static object OfNumbers(BinaryOperator symbol, object left, object right)
    {
        if (left is double || right is double || symbol == BinaryOperator.Divide)
            return OfDoubles(symbol, AsDouble(left), AsDouble(right));
        try
        {
            return OfIntegers(symbol, checked((long)AsInteger(left)!), checked((long)AsInteger(right)!));
        }
        catch (OverflowException)
        {
            throw new JinjaFault($"the operands or the result of {Symbol(symbol)} exceed integers of 64 bits");
        }
    }

    private static object OfIntegers(BinaryOperator symbol, long a, long b)
    {
        switch (symbol)
        {
            case BinaryOperator.Add:
                return checked(a + b);
            case BinaryOperator.Subtract:
                return checked(a - b);
            case BinaryOperator.Multiply:
                return checked(a * b);
            case BinaryOperator.Power:
                return b < 0 ? (object)OfDoubles(symbol, a, b) : Power(a, b);
            default:
                if (b == 0)
                    throw new JinjaFault("integer division or modulo by zero");
                (long quotient, long remainder) = b == -1 ? (checked(-a), 0) : Math.DivRem(a, b);
                // Python rounds the quotient down; the remainder has the divisor's sign.
                if (remainder != 0 && remainder < 0 != b < 0)
                    (quotient, remainder) = (quotient - 1, remainder + b);
                return symbol == BinaryOperator.FloorDivide ? quotient : remainder;
        }
    }

    private static long Power(long value, long exponent)
    {
        long result = 1;
        while (true)
        {
            if ((exponent & 1) != 0)
                result = checked(result * value);
            exponent >>= 1;
            if (exponent == 0)
                return result;
            value = checked(value * value);
        }
    }

    private static double OfDoubles(BinaryOperator symbol, double a, double b)
    {
        switch (symbol)
        {
            case BinaryOperator.Add:
                return a + b;
            case BinaryOperator.Subtract:
                return a - b;
            case BinaryOperator.Multiply:
                return a * b;
            case BinaryOperator.Power:
                double power = Math.Pow(a, b);
                return double.IsNaN(power) && !double.IsNaN(a) && !double.IsNaN(b)
                    ? throw new JinjaFault("a power that is not a real number")
                    : power;
            default:
                if (b == 0)
                    throw new JinjaFault("division by zero");
                if (symbol == BinaryOperator.Divide)
                    return a / b;
                double remainder = a % b;
                if (remainder != 0 && remainder < 0 != b < 0)
                    remainder += b;
                return symbol == BinaryOperator.Modulo ? remainder : Math.Round((a - remainder) / b);
        }
    }

    private static string Symbol(BinaryOperator symbol) => symbol switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.FloorDivide => "//",
        BinaryOperator.Modulo => "%",
        _ => "**",
    };
}
