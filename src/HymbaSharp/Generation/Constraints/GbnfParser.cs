namespace HymbaSharp.Generation.Constraints;

/// <summary>Reads llama.cpp's GBNF: rules <c>name ::= …</c> of literals, character classes, groups, alternatives and repetitions.</summary>
internal sealed class GbnfParser
{
    private const int MaxGroups = 100;

    private readonly string _text;
    private readonly Dictionary<string, (Rule Rule, bool IsDefined, int At)> _rules = [];
    private int _at;
    private int _depth;

    private GbnfParser(string text)
    {
        _text = text;
        Grammar.RefuseLong("The GBNF grammar", text.Length);
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    /// <exception cref="GrammarException">The text has a mistake, or a rule that is named is missing.</exception>
    public static Expression Parse(string text)
    {
        GbnfParser parser = new(text);
        parser.SkipSpace(newLines: true);
        while (parser._at < text.Length)
        {
            parser.ParseRule();
            parser.SkipSpace(newLines: true);
        }
        foreach ((string name, (Rule _, bool isDefined, int at)) in parser._rules)
        {
            if (!isDefined)
                throw parser.Fault($"the rule '{name}' is used and nowhere defined", at);
        }
        return parser._rules.TryGetValue("root", out var root)
            ? new ReferenceExpression(root.Rule)
            : throw new GrammarException("The GBNF grammar has no rule 'root', which is where a text begins.");
    }

    private void ParseRule()
    {
        int start = _at;
        string name = ReadName() ?? throw Fault("expected the name of a rule: letters, digits, '-' or '_'");
        SkipSpace(newLines: false);
        if (!TryRead("::="))
            throw Fault($"expected '::=' after the rule's name '{name}'");
        Rule rule = Find(name, start);
        if (_rules[name].IsDefined)
            throw Fault($"the rule '{name}' is defined a second time", start);
        _rules[name] = (rule, true, start);
        SkipSpace(newLines: true);
        rule.Body = ParseAlternatives(isNested: false);
        if (_at < _text.Length && Current is not ('\r' or '\n'))
            throw Fault(Current == ')' ? "')' closes nothing that is open" : $"'{Current}' is not expected here; allowed: a literal, a class, a name, '.', '(', '|', a repetition or the end of the line");
    }

    private Rule Find(string name, int at)
    {
        if (!_rules.TryGetValue(name, out (Rule Rule, bool, int) known))
            _rules[name] = known = (new Rule(name), false, at);
        return known.Rule;
    }

    private Expression ParseAlternatives(bool isNested)
    {
        List<Expression> alternatives = [ParseSequence(isNested)];
        while (true)
        {
            // An alternative may stand on a line of its own.
            int end = _at;
            SkipSpace(newLines: true);
            if (!TryRead("|"))
            {
                _at = isNested ? _at : end;
                return Expression.Choice(alternatives);
            }
            SkipSpace(newLines: true);
            alternatives.Add(ParseSequence(isNested));
        }
    }

    private Expression ParseSequence(bool isNested)
    {
        List<Expression> parts = [];
        while (ParseSymbol() is { } symbol)
        {
            SkipSpace(isNested);
            while (TryReadRepetition(out int min, out int? max))
            {
                symbol = Expression.Repeat(symbol, min, max);
                SkipSpace(isNested);
            }
            parts.Add(symbol);
        }
        return Expression.Sequence(parts);
    }

    private Expression? ParseSymbol()
    {
        switch (Current)
        {
            case '"':
                return ParseLiteral();
            case '[':
                return ParseClass().Utf8();
            case '.':
                _at++;
                return CharacterSet.All.Utf8();
            case '(':
                return ParseGroup();
            case '<' or '!':
                throw Fault("tokens such as <think> are not supported; allowed: text");
        }
        int at = _at;
        return ReadName() is { } name ? new ReferenceExpression(Find(name, at)) : null;
    }

    private Expression ParseGroup()
    {
        if (++_depth > MaxGroups)
            throw Fault($"groups nest deeper than the {MaxGroups} levels allowed");
        _at++;
        SkipSpace(newLines: true);
        Expression group = ParseAlternatives(isNested: true);
        if (!TryRead(")"))
            throw Fault("expected ')' to close a group");
        _depth--;
        return group;
    }

    private Expression ParseLiteral()
    {
        _at++;
        List<Expression> characters = [];
        while (Current != '"' || _at == _text.Length)
            characters.Add(CharacterSet.Of(ReadCharacter("a literal")).Utf8());
        _at++;
        return Expression.Sequence(characters);
    }

    private CharacterSet ParseClass()
    {
        _at++;
        bool isNegated = TryRead("^");
        List<(int, int)> ranges = [];
        while (Current != ']' || _at == _text.Length)
        {
            int first = ReadCharacter("a class"), last = first;
            if (Current == '-' && _at + 1 < _text.Length && _text[_at + 1] != ']')
            {
                _at++;
                last = ReadCharacter("a class");
                if (last < first)
                    throw Fault("a range of a class ends before it begins");
            }
            ranges.Add((first, last));
        }
        _at++;
        CharacterSet set = CharacterSet.Of(ranges);
        return isNegated ? set.Complement() : set;
    }

    private int ReadCharacter(string within)
    {
        if (_at == _text.Length)
            throw Fault($"{within} is not closed");
        char character = _text[_at++];
        if (character != '\\')
        {
            if (!char.IsSurrogate(character))
                return character;
            return char.IsHighSurrogate(character) && char.IsLowSurrogate(Current) ? char.ConvertToUtf32(character, _text[_at++]) : throw Fault("a surrogate stands alone");
        }
        char escape = Current;
        _at++;
        return escape switch
        {
            'x' => ReadHex(2),
            'u' => ReadHex(4),
            'U' => ReadHex(8),
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '\\' or '"' or '[' or ']' => escape,
            _ => throw Fault($"'\\{escape}' is not an escape; allowed: \\xHH \\uHHHH \\UHHHHHHHH \\t \\r \\n \\\\ \\\" \\[ \\]", _at - 2),
        };
    }

    private int ReadHex(int digits)
    {
        long value = 0;
        for (; digits > 0; digits--, _at++)
            value = char.IsAsciiHexDigit(Current) ? value * 16 + Convert.ToInt32(Current.ToString(), 16) : throw Fault("a hexadecimal digit is missing");
        return value is >= 0xD800 and <= 0xDFFF or > CharacterSet.Last ? throw Fault($"U+{value:X4} is no character") : (int)value;
    }

    private bool TryReadRepetition(out int min, out int? max)
    {
        (min, max) = (0, null);
        switch (Current)
        {
            case '*':
                break;
            case '+':
                min = 1;
                break;
            case '?':
                max = 1;
                break;
            case '{':
                _at++;
                SkipSpace(newLines: false);
                min = ReadNumber() ?? throw Fault("expected a number after '{'");
                SkipSpace(newLines: false);
                max = min;
                if (TryRead(","))
                {
                    SkipSpace(newLines: false);
                    max = ReadNumber();
                    SkipSpace(newLines: false);
                }
                if (Current != '}')
                    throw Fault("expected '}'");
                if (max < min)
                    throw Fault($"the repetition {{{min},{max}}} ends before it begins");
                break;
            default:
                return false;
        }
        _at++;
        return true;
    }

    private int? ReadNumber()
    {
        int start = _at, number = 0;
        for (; char.IsAsciiDigit(Current); _at++)
        {
            number = number * 10 + (Current - '0');
            if (number > Grammar.MaxRepetition)
                throw Fault($"a repetition is above {Grammar.MaxRepetition}, the most allowed");
        }
        return _at > start ? number : null;
    }

    private string? ReadName()
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '_')
            _at++;
        return _at > start ? _text[start.._at] : null;
    }

    private void SkipSpace(bool newLines)
    {
        while (_at < _text.Length)
        {
            if (Current == '#')
            {
                while (_at < _text.Length && Current is not ('\r' or '\n'))
                    _at++;
            }
            else if (Current is ' ' or '\t' || (newLines && Current is '\r' or '\n'))
                _at++;
            else
                return;
        }
    }

    private bool TryRead(string expected)
    {
        if (!_text.AsSpan(_at).StartsWith(expected))
            return false;
        _at += expected.Length;
        return true;
    }

    private GrammarException Fault(string what) => Fault(what, _at);

    private GrammarException Fault(string what, int at)
    {
        ReadOnlySpan<char> before = _text.AsSpan(0, Math.Min(at, _text.Length));
        return new GrammarException($"The GBNF grammar, line {before.Count('\n') + 1}, column {before.Length - before.LastIndexOf('\n')}: {what}.");
    }
}
