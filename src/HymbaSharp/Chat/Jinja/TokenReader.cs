namespace HymbaSharp.Chat.Jinja;

/// <summary>The tokens of a template and how far they have been read.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int _next;

    public Token Current => tokens[_next];

    public Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public Token Read()
    {
        Token token = tokens[_next];
        if (token.Kind != TokenKind.End)
            _next++;
        return token;
    }

    public bool TryReadName(string name)
    {
        if (!Current.IsName(name))
            return false;
        _ = Read();
        return true;
    }

    public bool TryReadOperator(string symbol)
    {
        if (!Current.IsOperator(symbol))
            return false;
        _ = Read();
        return true;
    }

    public Token Expect(TokenKind kind, string expected) =>
        Current.Kind == kind ? Read() : throw new JinjaFault($"expected {expected}, found {Current.Description}", Current.At);

    public void ExpectName(string name)
    {
        if (!TryReadName(name))
            throw new JinjaFault($"expected '{name}', found {Current.Description}", Current.At);
    }

    public void ExpectOperator(string symbol)
    {
        if (!TryReadOperator(symbol))
            throw new JinjaFault($"expected '{symbol}', found {Current.Description}", Current.At);
    }
}
