namespace HymbaSharp.Generation.Constraints;

/// <summary>A set of Unicode scalar values: ranges in ascending order that neither touch nor hold surrogates.</summary>
internal sealed class CharacterSet
{
    public const int Last = 0x10FFFF;

    public static readonly CharacterSet All = Of((0, Last)), None = Of(), Digits = Of(('0', '9')),
        Word = Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')),
        // ECMAScript's white space and line terminators.
        Space = Of((9, 13), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    private CharacterSet(List<(int First, int Last)> ranges) => Ranges = ranges;

    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    public static CharacterSet Of(params IEnumerable<(int First, int Last)> ranges)
    {
        List<(int First, int Last)> merged = [];
        foreach ((int first, int last) in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(last, merged[^1].Last));
            else
                merged.Add((first, last));
        }
        return new CharacterSet(merged);
    }

    public static CharacterSet Of(int character) => Of((character, character));

    public bool Contains(int character) => Ranges.Any(range => range.First <= character && character <= range.Last);

    public CharacterSet Union(CharacterSet other) => Of(Ranges.Concat(other.Ranges));

    public CharacterSet Complement()
    {
        List<(int, int)> gaps = [];
        int next = 0;
        foreach ((int first, int last) in Ranges)
        {
            if (next < first)
                gaps.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last)
            gaps.Add((next, Last));
        return Of(gaps);
    }

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();

    public CharacterSet Except(CharacterSet other) => Intersect(other.Complement());

    /// <summary>The UTF-8 encodings of the set's characters.</summary>
    public Expression Utf8()
    {
        ByteSet single = default;
        List<Expression> sequences = [];
        foreach ((int first, int last) in Ranges)
        {
            if (first < 0x80)
                single |= ByteSet.Range(first, Math.Min(last, 0x7F));
            foreach ((int from, int to) in (ReadOnlySpan<(int, int)>)[(0x80, 0x7FF), (0x800, 0xFFFF), (0x10000, Last)])
            {
                if (Math.Max(first, from) <= Math.Min(last, to))
                    sequences.Add(Sequences(Math.Max(first, from), Math.Min(last, to)));
            }
        }
        return Expression.Choice([Expression.Bytes(single), .. sequences]);
    }

    /// <summary>
    /// The encodings, all of one length, of a range: split until each position's bytes vary freely (Cox 2010, "Regular Expression Matching in the
    /// Wild").
    /// </summary>
    private static Expression Sequences(int first, int last)
    {
        int length = first < 0x800 ? 2 : first < 0x10000 ? 3 : 4;
        for (int i = 1; i < length; i++)
        {
            int mask = (1 << (6 * i)) - 1;
            if ((first & ~mask) == (last & ~mask))
                continue;
            if ((first & mask) != 0)
                return Expression.Choice([Sequences(first, first | mask), Sequences((first | mask) + 1, last)]);
            if ((last & mask) != mask)
                return Expression.Choice([Sequences(first, (last & ~mask) - 1), Sequences(last & ~mask, last)]);
        }
        List<Expression> bytes = [];
        for (int i = length - 1; i >= 0; i--)
        {
            int lead = i < length - 1 ? 0x80 : length switch { 2 => 0xC0, 3 => 0xE0, _ => 0xF0 };
            int bits = i < length - 1 ? 0x3F : 0x1F;
            bytes.Add(Expression.Bytes(ByteSet.Range(lead | (first >> (6 * i) & bits), lead | (last >> (6 * i) & bits))));
        }
        return Expression.Sequence(bytes);
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < 0xD800 && range.First <= range.Last)
            yield return (range.First, Math.Min(range.Last, 0xD7FF));
        if (range.Last > 0xDFFF && range.First <= range.Last)
            yield return (Math.Max(range.First, 0xE000), range.Last);
    }
}
