namespace HymbaSharp.Chat.Jinja;

internal enum TokenKind
{
    /// <summary>Text outside any tag, written as it stands.</summary>
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,

    /// <summary>An identifier or a keyword: Jinja reserves none.</summary>
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>One token: <paramref name="Text"/> is its meaning (a string's text with its escapes resolved), <paramref name="At"/> its offset in the source.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int At)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    /// <summary>How an error names the token.</summary>
    public string Description => Kind switch
    {
        TokenKind.Data => "text",
        TokenKind.VariableBegin => "'{{'",
        TokenKind.VariableEnd => "'}}'",
        TokenKind.BlockBegin => "'{%'",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.String => "a string",
        TokenKind.End => "the end of the template",
        _ => $"'{Text}'",
    };
}
