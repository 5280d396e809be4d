using System.Globalization;
using System.Numerics;

namespace HymbaSharp.Generation.Constraints;

/// <summary>A decimal number exactly: <see cref="Mantissa"/> / 10^<see cref="Scale"/>.</summary>
internal readonly record struct ExactDecimal(BigInteger Mantissa, int Scale)
{
    /// <summary>The most digits before and after the point of a bound.</summary>
    public const int MaxDigits = 40;

    public bool IsInteger => Scale == 0;

    public BigInteger Floor => BigInteger.DivRem(Mantissa, Power(Scale), out BigInteger rest) - (rest.Sign < 0 ? 1 : 0);

    public BigInteger Ceiling => -(-this).Floor;

    public static ExactDecimal operator -(ExactDecimal value) => value with { Mantissa = -value.Mantissa };

    public int CompareTo(ExactDecimal other) => (Mantissa * Power(other.Scale)).CompareTo(other.Mantissa * Power(Scale));

    /// <summary>The digits after the point of a number that is not negative, without zeros at the end.</summary>
    public string FractionDigits => Scale == 0 ? "" : (Mantissa % Power(Scale)).ToString().PadLeft(Scale, '0');

    public static BigInteger Power(int exponent) => BigInteger.Pow(10, exponent);

    /// <summary>Reads a JSON number; false where it has more than <see cref="MaxDigits"/> on a side of the point.</summary>
    public static bool TryParse(string text, out ExactDecimal value)
    {
        value = default;
        int e = text.IndexOfAny(['e', 'E']);
        int exponent = 0;
        if (text.Length > 1000 || (e >= 0 && (!int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, null, out exponent) || Math.Abs(exponent) > 1000)))
            return false;
        string digits = e >= 0 ? text[..e] : text;
        int point = digits.IndexOf('.');
        int scale = (point < 0 ? 0 : digits.Length - point - 1) - exponent;
        BigInteger mantissa = BigInteger.Parse(digits.Replace(".", ""));
        for (; scale < 0; scale++)
            mantissa *= 10;
        for (; scale > 0 && mantissa % 10 == 0; scale--)
            mantissa /= 10;
        value = new ExactDecimal(mantissa, scale);
        return scale <= MaxDigits && BigInteger.Abs(value.Floor) < Power(MaxDigits);
    }
}

/// <summary>Numbers between bounds, as automata over their digits. Zero is written without a sign.</summary>
internal static class JsonNumbers
{
    private static readonly Expression Minus = Expression.Byte('-');

    /// <summary>Integers from <paramref name="min"/> to <paramref name="max"/>, null for no bound but the digits, that are multiples of <paramref name="multipleOf"/>.</summary>
    public static Expression Integers(BigInteger? min, BigInteger? max, int multipleOf)
    {
        Multiples multiples = new(multipleOf);
        List<Expression> signs = [];
        if (max is null || max >= 0)
            signs.Add(multiples.Between(BigInteger.Max(min ?? 0, 0), max ?? Unbounded(min)));
        if (min is null || min < 0)
            signs.Add(Expression.Sequence(Minus, multiples.Between(BigInteger.Max(-max ?? 1, 1), -min ?? Unbounded(-max))));
        return Expression.Choice(signs);
    }

    /// <summary>Numbers between bounds, without an exponent.</summary>
    public static Expression Reals(ExactDecimal? min, bool isMinExcluded, ExactDecimal? max, bool isMaxExcluded, int fractionDigits)
    {
        List<Expression> signs = [];
        if (max is null || max.Value.Mantissa.Sign >= 0)
        {
            bool fromZero = min is null || min.Value.Mantissa.Sign < 0;
            signs.Add(Magnitudes(fromZero ? default : min!.Value, !fromZero && isMinExcluded, max, isMaxExcluded, fractionDigits));
        }
        if (min is null || min.Value.Mantissa.Sign < 0)
        {
            bool fromZero = max is null || max.Value.Mantissa.Sign >= 0;
            signs.Add(Expression.Sequence(Minus, Magnitudes(fromZero ? default : -max!.Value, fromZero || isMaxExcluded, -min, isMinExcluded, fractionDigits)));
        }
        return Expression.Choice(signs);
    }

    private static BigInteger Unbounded(BigInteger? bound) =>
        ExactDecimal.Power(Math.Max(JsonText.MaxIntegerDigits, (bound is { } value ? BigInteger.Abs(value).ToString().Length : 0) + 1)) - 1;

    private static Expression Magnitudes(ExactDecimal low, bool isLowExcluded, ExactDecimal? high, bool isHighExcluded, int fractionDigits)
    {
        Multiples integers = new(1);
        BigInteger first = low.Floor, last = high?.Floor ?? Unbounded(first);
        if (first > last)
            return Expression.Nothing;
        string highDigits = high?.FractionDigits ?? "";
        Fractions above = new(low.FractionDigits, isLowExcluded, "", false, fractionDigits);
        Fractions below = new("", false, highDigits, isHighExcluded, fractionDigits);
        Fractions both = new(low.FractionDigits, isLowExcluded, highDigits, isHighExcluded, fractionDigits);
        if (high is null)
        {
            return Expression.Choice(
                Expression.Sequence(Expression.Literal(first.ToString()), above.Any(hasLow: true, hasHigh: false)),
                Expression.Sequence(integers.Between(first + 1, last), above.Any(hasLow: false, hasHigh: false)));
        }
        if (first == last)
            return Expression.Sequence(Expression.Literal(first.ToString()), both.Any(hasLow: true, hasHigh: true));
        return Expression.Choice(
            Expression.Sequence(Expression.Literal(first.ToString()), above.Any(hasLow: true, hasHigh: false)),
            Expression.Sequence(integers.Between(first + 1, last - 1), both.Any(hasLow: false, hasHigh: false)),
            Expression.Sequence(Expression.Literal(last.ToString()), below.Any(hasLow: false, hasHigh: true)));
    }

    /// <summary>Multiples of a number: what is left of the division is carried from digit to digit.</summary>
    private sealed class Multiples
    {
        private readonly int _divisor;
        private readonly int _zeros; // at the end of every multiple, beside zero
        private readonly Dictionary<(int Length, int Left, bool AtLow, bool AtHigh, int Remainder), Expression> _known = [];

        public Multiples(int divisor)
        {
            for (; divisor % 10 == 0; divisor /= 10)
                _zeros++;
            _divisor = divisor;
        }

        /// <summary>Of numbers from one that is not negative to another, both included.</summary>
        public Expression Between(BigInteger low, BigInteger high)
        {
            if (low > high)
                return Expression.Nothing;
            List<Expression> parts = [];
            if (_zeros > 0)
            {
                BigInteger unit = ExactDecimal.Power(_zeros);
                if (low.IsZero)
                    parts.Add(Expression.Byte('0'));
                (low, high) = (BigInteger.Max((low + unit - 1) / unit, 1), high / unit);
            }
            _known.Clear();
            Expression zeros = Expression.Literal(new string('0', _zeros));
            for (int length = low.ToString().Length; low <= high; length++)
            {
                BigInteger last = ExactDecimal.Power(length) - 1;
                int whole = (high + 1).ToString().Length - 1; // the longest numbers that all are within the bound
                // Whole lengths are one repetition where any multiple will do.
                if (_divisor == 1 && low == ExactDecimal.Power(length - 1) && length <= whole)
                {
                    parts.Add(Expression.Sequence(Expression.Bytes(ByteSet.Range('1', '9')), Expression.Repeat(JsonText.Digit, length - 1, whole - 1), zeros));
                    (low, length) = (ExactDecimal.Power(whole), whole);
                    continue;
                }
                parts.Add(Expression.Sequence(Digits(low.ToString(), BigInteger.Min(last, high).ToString(), 0, atLow: true, atHigh: true, 0), zeros));
                low = last + 1;
            }
            return Expression.Choice(parts);
        }

        private Expression Digits(string low, string high, int at, bool atLow, bool atHigh, int remainder)
        {
            if (at == low.Length)
                return remainder == 0 ? Expression.Empty : Expression.Nothing;
            if (_divisor == 1 && !atLow && !atHigh)
                return Expression.Repeat(JsonText.Digit, low.Length - at, low.Length - at);
            (int, int, bool, bool, int) key = (atLow || atHigh ? low.Length : 0, low.Length - at, atLow, atHigh, remainder);
            if (_known.TryGetValue(key, out Expression? known))
                return known;
            List<Expression> parts = [];
            int from = atLow ? low[at] - '0' : 0, to = atHigh ? high[at] - '0' : 9;
            foreach (IGrouping<(bool, bool, int), int> group in Enumerable.Range(from, Math.Max(0, to - from + 1))
                .GroupBy(digit => (atLow && digit == from, atHigh && digit == to, (remainder * 10 + digit) % _divisor)))
            {
                ByteSet digits = group.Aggregate(default(ByteSet), (set, digit) => set | ByteSet.Of((byte)('0' + digit)));
                parts.Add(Expression.Sequence(Expression.Bytes(digits), Digits(low, high, at + 1, group.Key.Item1, group.Key.Item2, group.Key.Item3)));
            }
            Expression result = Expression.Choice(parts);
            return _known[key] = _divisor == 1 ? result : new ReferenceExpression(new Rule("(multiple)") { Body = result });
        }
    }

    /// <summary>What may follow the integer part, where it equals that of the bounds.</summary>
    private sealed record Fractions(string Low, bool IsLowExcluded, string High, bool IsHighExcluded, int MaxDigits)
    {
        public Expression Any(bool hasLow, bool hasHigh)
        {
            Expression digits = Expression.Sequence(Expression.Byte('.'), Digits(0, hasLow, hasHigh));
            return CanEnd(0, hasLow, hasHigh) ? Expression.Optional(digits) : digits;
        }

        private Expression Digits(int at, bool atLow, bool atHigh)
        {
            if (at >= Low.Length && !IsLowExcluded)
                atLow = false;
            if (!atLow && !atHigh)
                return MaxDigits <= at ? at == 0 ? Expression.Nothing : Expression.Empty : Expression.Repeat(JsonText.Digit, at == 0 ? 1 : 0, MaxDigits - at);
            List<Expression> parts = at > 0 && CanEnd(at, atLow, atHigh) ? [Expression.Empty] : [];
            int low = atLow && at < Low.Length ? Low[at] - '0' : 0, high = !atHigh ? 9 : at < High.Length ? High[at] - '0' : 0;
            if (at < MaxDigits)
            {
                foreach (IGrouping<(bool, bool), int> group in Enumerable.Range(low, Math.Max(0, high - low + 1)).GroupBy(digit => (atLow && digit == low, atHigh && digit == high)))
                {
                    ByteSet digits = ByteSet.Range('0' + group.Min(), '0' + group.Max());
                    parts.Add(Expression.Sequence(Expression.Bytes(digits), Digits(at + 1, group.Key.Item1, group.Key.Item2)));
                }
            }
            return Expression.Choice(parts);
        }

        /// <summary>Whether the number may end after so many digits, all those of the bounds it is at.</summary>
        private bool CanEnd(int at, bool atLow, bool atHigh) =>
            (!atLow || (at >= Low.Length && !IsLowExcluded)) && (!atHigh || at < High.Length || !IsHighExcluded);
    }
}
