namespace HymbaSharp.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with the white-space rules Hugging Face renders under: <c>trim_blocks</c> (the newline after a
/// block goes) and <c>lstrip_blocks</c> (the spaces before a block that starts its line go); <c>-</c> and <c>+</c> at a tag's
/// edge override them; one newline at the end of the template goes.
/// </summary>
internal sealed class Lexer
{
    // Longest first, so that the first that fits is the right one.
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",",
    ];

    // A name is hashed on every evaluation, for one unit of work.
    private const int MaxName = 200;

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _open = new();
    private int _position;

    private Lexer(string source) => _source = source;

    /// <summary>Tokens of a source whose newlines are single <c>\n</c>; the last one is <see cref="TokenKind.End"/>.</summary>
    public static List<Token> Tokenize(string source)
    {
        Lexer lexer = new(source);
        lexer.ReadTemplate(source.EndsWith('\n') ? source.Length - 1 : source.Length);
        return lexer._tokens;
    }

    private void ReadTemplate(int end)
    {
        while (_position < end)
        {
            int tag = FindTag(_position, end);
            if (tag < 0)
            {
                AddData(_position, end);
                break;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < end && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
            AddData(_position, DataEnd(_position, tag, sign, isBlock: kind != '{'));
            _position = tag + 2 + (sign == '\0' ? 0 : 1);
            switch (kind)
            {
                case '#':
                    SkipComment(tag, end);
                    break;
                case '%' when TryBeginRaw(end):
                    ReadRaw(tag, end);
                    break;
                case '%':
                    _tokens.Add(new Token(TokenKind.BlockBegin, "{%", tag));
                    ReadTag(tag, end, '%');
                    break;
                default:
                    _tokens.Add(new Token(TokenKind.VariableBegin, "{{", tag));
                    ReadTag(tag, end, '}');
                    break;
            }
        }
        _tokens.Add(new Token(TokenKind.End, "", end));
    }

    private int FindTag(int start, int end)
    {
        for (int i = start; i + 1 < end; i++)
        {
            if (_source[i] == '{' && _source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return -1;
    }

    private void AddData(int start, int end)
    {
        if (end > start)
            _tokens.Add(new Token(TokenKind.Data, _source[start..end], start));
    }

    /// <summary>Where the text before a tag ends, once the tag's sign or <c>lstrip_blocks</c> has taken its white space.</summary>
    private int DataEnd(int start, int tag, char sign, bool isBlock)
    {
        int end = tag;
        while (end > start && PythonText.IsSpace(_source[end - 1]) && (sign == '-' || _source[end - 1] != '\n'))
            end--;
        if (sign == '-')
            return end;
        bool startsLine = end == 0 || _source[end - 1] == '\n';
        return isBlock && sign != '+' && startsLine ? end : tag;
    }

    private void SkipComment(int tag, int end)
    {
        int close = _source.IndexOf("#}", _position, end - _position, StringComparison.Ordinal);
        if (close < 0)
            throw new JinjaFault("the comment is not closed by '#}'", tag);
        char sign = close > _position ? _source[close - 1] : '\0';
        _position = close + 2;
        SkipAfterBlock(sign, end);
    }

    private void SkipAfterBlock(char sign, int end)
    {
        if (sign == '-')
            SkipSpace(end);
        else if (sign != '+' && _position < end && _source[_position] == '\n')
            _position++;
    }

    private void SkipSpace(int end)
    {
        while (_position < end && PythonText.IsSpace(_source[_position]))
            _position++;
    }

    /// <summary>After <c>{%</c>: reads <c>raw %}</c> whole, or nothing. The newline after it stays, as in Jinja.</summary>
    private bool TryBeginRaw(int end)
    {
        int start = _position;
        if (TryReadWord("raw", end))
        {
            bool trim = _position < end && _source[_position] == '-';
            if (trim)
                _position++;
            if (TryRead("%}", end))
            {
                if (trim)
                    SkipSpace(end);
                return true;
            }
        }
        _position = start;
        return false;
    }

    private void ReadRaw(int tag, int end)
    {
        int start = _position;
        for (int close = start; (close = _source.IndexOf("{%", close, end - close, StringComparison.Ordinal)) >= 0; close += 2)
        {
            _position = close + 2;
            char sign = _position < end && _source[_position] is '-' or '+' ? _source[_position] : '\0';
            _position += sign == '\0' ? 0 : 1;
            if (!TryReadWord("endraw", end))
                continue;
            char endSign = _position < end && _source[_position] is '-' or '+' ? _source[_position] : '\0';
            _position += endSign == '\0' ? 0 : 1;
            if (!TryRead("%}", end))
                continue;
            AddData(start, DataEnd(start, close, sign, isBlock: true));
            SkipAfterBlock(endSign, end);
            return;
        }
        throw new JinjaFault("the raw block is not closed by '{% endraw %}'", tag);
    }

    private bool TryReadWord(string word, int end)
    {
        SkipSpace(end);
        if (!TryRead(word, end))
            return false;
        SkipSpace(end);
        return true;
    }

    private bool TryRead(string text, int end)
    {
        if (end - _position < text.Length || string.CompareOrdinal(_source, _position, text, 0, text.Length) != 0)
            return false;
        _position += text.Length;
        return true;
    }

    /// <summary>Reads the inside of a tag up to its end, which <paramref name="closing"/> and a brace write.</summary>
    private void ReadTag(int tag, int end, char closing)
    {
        _open.Clear();
        while (true)
        {
            SkipSpace(end);
            if (_position >= end)
                throw new JinjaFault($"the tag is not closed by '{closing}}}'", tag);
            if (_open.Count == 0 && TryEndTag(end, closing))
                return;
            ReadToken(end);
        }
    }

    private bool TryEndTag(int end, char closing)
    {
        char sign = _source[_position];
        bool signed = sign == '-' || (sign == '+' && closing == '%');
        int close = _position + (signed ? 1 : 0);
        if (close + 1 >= end || _source[close] != closing || _source[close + 1] != '}')
            return false;
        TokenKind kind = closing == '%' ? TokenKind.BlockEnd : TokenKind.VariableEnd;
        _tokens.Add(new Token(kind, "", _position));
        _position = close + 2;
        if (closing == '%')
            SkipAfterBlock(signed ? sign : '\0', end);
        else if (signed)
            SkipSpace(end);
        return true;
    }

    private void ReadToken(int end)
    {
        char c = _source[_position];
        if (char.IsAsciiDigit(c))
            _tokens.Add(Literals.ReadNumber(_source, ref _position, end));
        else if (c is '\'' or '"')
            _tokens.Add(Literals.ReadString(_source, ref _position, end));
        else if (c == '_' || char.IsLetter(c))
            ReadName(end);
        else
            ReadOperator(end);
    }

    private void ReadName(int end)
    {
        int start = _position;
        while (_position < end && (_source[_position] == '_' || char.IsLetterOrDigit(_source[_position])))
            _position++;
        if (_position - start > MaxName)
            throw new JinjaFault($"a name of {_position - start} characters; {MaxName} are allowed", start);
        _tokens.Add(new Token(TokenKind.Name, _source[start.._position], start));
    }

    private void ReadOperator(int end)
    {
        int start = _position;
        string symbol = Array.Find(Operators, candidate => TryRead(candidate, end))
            ?? throw new JinjaFault($"the character '{_source[start]}' cannot stand here", start);
        if (symbol is "(" or "[" or "{")
            _open.Push(symbol[0] switch { '(' => ')', '[' => ']', _ => '}' });
        else if (symbol is ")" or "]" or "}" && (!_open.TryPop(out char expected) || expected != symbol[0]))
            throw new JinjaFault($"'{symbol}' closes nothing that is open", start);
        _tokens.Add(new Token(TokenKind.Operator, symbol, start));
    }
}
