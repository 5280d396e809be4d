namespace HymbaSharp.Generation.Constraints;

/// <summary>What a regular expression matches: of each alternative, the text and whether it is anchored at start and end.</summary>
internal readonly record struct RegexAlternatives(IReadOnlyList<(Expression Text, bool AtStart, bool AtEnd)> Alternatives)
{
    /// <summary>The texts matched as a whole.</summary>
    public Expression Whole => Expression.Choice(Alternatives.Select(alternative => alternative.Text));

    /// <summary>The texts of some characters in which something matches.</summary>
    public Expression Within(Expression character)
    {
        Expression any = Expression.Star(character);
        return Expression.Choice(Alternatives.Select(alternative => Expression.Sequence(
            alternative.AtStart ? Expression.Empty : any, alternative.Text, alternative.AtEnd ? Expression.Empty : any)));
    }
}

/// <summary>Reads ECMAScript's regular expressions, without what needs to remember or to look around.</summary>
internal sealed class RegexParser
{
    private const int MaxGroups = 100;

    private static readonly CharacterSet LineEnds = CharacterSet.Of((10, 10), (13, 13), (0x2028, 0x2029));

    private readonly string _pattern;
    private readonly string _where;
    private readonly CharacterSetEncoding _encode;
    private int _at;
    private int _depth;

    private RegexParser(string pattern, string where, CharacterSetEncoding encode)
    {
        (_pattern, _where, _encode) = (pattern, where, encode);
        Grammar.RefuseLong(where, pattern.Length);
    }

    private bool AtEnd => _at == _pattern.Length;

    private char Current => AtEnd ? '\0' : _pattern[_at];

    /// <param name="pattern">The expression.</param>
    /// <param name="where">What it is called in messages.</param>
    /// <param name="encode">How its characters are written.</param>
    /// <exception cref="GrammarException">It has a mistake or uses what is not supported.</exception>
    public static RegexAlternatives Parse(string pattern, string where, CharacterSetEncoding encode)
    {
        RegexParser parser = new(pattern, where, encode);
        List<(Expression, bool, bool)> alternatives = [];
        do
        {
            bool atStart = parser.TryRead('^');
            Expression text = parser.ParseSequence();
            bool atEnd = parser.TryRead('$');
            alternatives.Add((text, atStart, atEnd));
        }
        while (parser.TryRead('|'));
        if (!parser.AtEnd)
            throw parser.Fault(parser.Current == ')' ? "')' closes nothing that is open" : "text follows '$'; allowed: '$' at the end of the expression or of one of its outermost alternatives");
        return new RegexAlternatives(alternatives);
    }

    private Expression ParseSequence()
    {
        List<Expression> parts = [];
        while (!AtEnd && Current is not ('|' or ')' or '$'))
            parts.Add(ParseQuantified());
        return Expression.Sequence(parts);
    }

    private Expression ParseQuantified()
    {
        Expression atom = ParseAtom();
        if (!TryReadQuantifier(out int min, out int? max))
            return atom;
        _ = TryRead('?'); // lazy: the texts are the same
        if (Current == '+')
            throw Fault("possessive quantifiers are not supported; allowed: *, +, ?, {n}, {n,}, {n,m}, each also with '?'");
        if (Current is '*' or '?')
            throw Fault("a quantifier follows a quantifier; allowed: one, or a group between them");
        return Expression.Repeat(atom, min, max);
    }

    private bool TryReadQuantifier(out int min, out int? max)
    {
        (min, max) = (0, null);
        if (TryRead('*'))
            return true;
        if (TryRead('+'))
        {
            min = 1;
            return true;
        }
        if (TryRead('?'))
        {
            max = 1;
            return true;
        }
        int start = _at;
        if (TryRead('{') && TryReadNumber(out min))
        {
            bool isRange = TryRead(',');
            max = !isRange ? min : TryReadNumber(out int last) ? last : null;
            if (TryRead('}'))
                return max < min ? throw Fault($"the quantifier {{{min},{max}}} ends before it begins") : true;
        }
        _at = start;
        return false;
    }

    private bool TryReadNumber(out int number)
    {
        int start = _at;
        number = 0;
        for (; char.IsAsciiDigit(Current); _at++)
        {
            number = number * 10 + (Current - '0');
            if (number > Grammar.MaxRepetition)
                throw Fault($"a quantifier is above {Grammar.MaxRepetition}, the most allowed");
        }
        return _at > start;
    }

    private Expression ParseAtom()
    {
        char character = Current;
        switch (character)
        {
            case '(':
                _at++;
                return ParseGroup();
            case '[':
                _at++;
                return _encode(ParseClass());
            case '.':
                _at++;
                return _encode(LineEnds.Complement());
            case '\\':
                _at++;
                return _encode(ParseEscape(inClass: false));
            case '^':
                throw Fault("'^' stands inside the expression; allowed: at its start or that of one of its outermost alternatives");
            case '*' or '+' or '?':
                throw Fault($"'{character}' has nothing to repeat");
            default:
                return _encode(CharacterSet.Of(ReadCharacter()));
        }
    }

    private Expression ParseGroup()
    {
        if (++_depth > MaxGroups)
            throw Fault($"groups nest deeper than the {MaxGroups} levels allowed");
        if (TryRead('?') && !TryRead(':'))
        {
            bool isNamed = Current == '<' && _at + 1 < _pattern.Length && _pattern[_at + 1] is not ('=' or '!');
            if (!isNamed)
                throw Fault($"groups of the kind '(?{Current}' are not supported; allowed: (…), (?:…) and (?<name>…)");
            while (!AtEnd && Current != '>')
                _at++;
            _ = TryRead('>');
        }
        List<Expression> alternatives = [];
        do
        {
            alternatives.Add(ParseSequence());
            if (Current == '$')
                throw Fault("'$' stands inside a group; allowed: at the end of the expression or of one of its outermost alternatives");
        }
        while (TryRead('|'));
        if (!TryRead(')'))
            throw Fault("a group is not closed");
        _depth--;
        return Expression.Choice(alternatives);
    }

    private CharacterSet ParseClass()
    {
        bool isNegated = TryRead('^');
        List<CharacterSet> parts = [];
        while (Current != ']')
        {
            CharacterSet first = ParseClassPart();
            if (Current == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] != ']')
            {
                _at++;
                CharacterSet last = ParseClassPart();
                if (!IsSingle(first) || !IsSingle(last))
                    throw Fault("a range of a character class begins or ends with a class");
                if (first.Ranges[0].First > last.Ranges[0].First)
                    throw Fault("a range of a character class ends before it begins");
                first = CharacterSet.Of((first.Ranges[0].First, last.Ranges[0].First));
            }
            parts.Add(first);
        }
        _at++;
        CharacterSet set = CharacterSet.Of(parts.SelectMany(part => part.Ranges));
        return isNegated ? set.Complement() : set;

        static bool IsSingle(CharacterSet set) => set.Ranges.Count == 1 && set.Ranges[0].First == set.Ranges[0].Last;
    }

    private CharacterSet ParseClassPart()
    {
        if (AtEnd)
            throw Fault("a character class is not closed");
        if (TryRead('\\'))
            return ParseEscape(inClass: true);
        return CharacterSet.Of(ReadCharacter());
    }

    private CharacterSet ParseEscape(bool inClass)
    {
        if (AtEnd)
            throw Fault("the expression ends in '\\'");
        char character = _pattern[_at++];
        switch (character)
        {
            case 'd': return CharacterSet.Digits;
            case 'D': return CharacterSet.Digits.Complement();
            case 'w': return CharacterSet.Word;
            case 'W': return CharacterSet.Word.Complement();
            case 's': return CharacterSet.Space;
            case 'S': return CharacterSet.Space.Complement();
            case 't': return CharacterSet.Of('\t');
            case 'n': return CharacterSet.Of('\n');
            case 'r': return CharacterSet.Of('\r');
            case 'f': return CharacterSet.Of('\f');
            case 'v': return CharacterSet.Of('\v');
            case 'b' when inClass: return CharacterSet.Of('\b');
            case '0' when !char.IsAsciiDigit(Current): return CharacterSet.Of(0);
            case 'x': return CharacterSet.Of(ReadHex(2));
            case 'u': return CharacterSet.Of(ReadUnicodeEscape());
        }
        if (char.IsAsciiLetterOrDigit(character) || char.IsSurrogate(character))
        {
            _at--;
            throw Fault($"'\\{character}' is not supported; allowed: \\d \\D \\w \\W \\s \\S \\t \\n \\r \\f \\v \\0 \\xHH \\uHHHH \\u{{H…}} and '\\' before a punctuation mark");
        }
        return CharacterSet.Of(character);
    }

    private int ReadUnicodeEscape()
    {
        if (TryRead('{'))
        {
            int digits = 0, value = 0;
            for (; char.IsAsciiHexDigit(Current) && digits < 6; digits++)
                value = value * 16 + ReadHex(1);
            return digits > 0 && TryRead('}') ? Scalar(value) : throw Fault("\\u{…} needs one to six hexadecimal digits");
        }
        int unit = ReadHex(4);
        if (char.IsHighSurrogate((char)unit) && _pattern.AsSpan(_at).StartsWith("\\u"))
        {
            _at += 2;
            int low = ReadHex(4);
            return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw Fault("a surrogate stands alone");
        }
        return Scalar(unit);
    }

    private int Scalar(int value) =>
        value is >= 0xD800 and <= 0xDFFF or > CharacterSet.Last ? throw Fault($"U+{value:X4} is no character") : value;

    private int ReadHex(int digits)
    {
        int value = 0;
        for (; digits > 0; digits--, _at++)
            value = char.IsAsciiHexDigit(Current) ? value * 16 + Convert.ToInt32(Current.ToString(), 16) : throw Fault("a hexadecimal digit is missing");
        return value;
    }

    private int ReadCharacter()
    {
        char character = _pattern[_at++];
        if (!char.IsSurrogate(character))
            return character;
        return char.IsHighSurrogate(character) && char.IsLowSurrogate(Current) ? char.ConvertToUtf32(character, _pattern[_at++]) : throw Fault("a surrogate stands alone");
    }

    private bool TryRead(char character)
    {
        if (AtEnd || Current != character)
            return false;
        _at++;
        return true;
    }

    private GrammarException Fault(string what) => new($"{_where}, at {_at}: {what}.");
}
