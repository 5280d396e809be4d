namespace HymbaSharp.Chat.Jinja;

/// <summary>Builds the syntax tree of a template: the statements. Expressions are <see cref="ExpressionParser"/>'s.</summary>
internal sealed class Parser
{
    private const string Supported =
        "if, for, break, continue, set, macro, call, filter, with, generation and raw";

    // Deeper than any real template; a variable is looked for through every scope around.
    private const int MaxDepth = 100;

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;

    private int _depth;

    // Loops open around the statement within the innermost macro: break and continue need one.
    private int _loops;

    private Parser(List<Token> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    public static Statement[] Parse(string source)
    {
        Parser parser = new(Lexer.Tokenize(source));
        Statement[] statements = parser.ParseBody([]);
        return parser._tokens.Current.Kind == TokenKind.End
            ? statements
            : throw new JinjaFault($"'{parser._tokens.Current.Text}' closes nothing that is open", parser._tokens.Current.At);
    }

    /// <summary>Reads statements up to a block that starts with one of <paramref name="endings"/>, whose name becomes the current token.</summary>
    private Statement[] ParseBody(ReadOnlySpan<string> endings)
    {
        if (++_depth > MaxDepth)
            throw new JinjaFault($"the statements nest deeper than the {MaxDepth} levels allowed", _tokens.Current.At);
        List<Statement> statements = [];
        while (_tokens.Current.Kind != TokenKind.End)
        {
            Token token = _tokens.Read();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new TextStatement(token.Text, token.At));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new OutputStatement(_expressions.ParseTuple(), token.At));
                    _ = _tokens.Expect(TokenKind.VariableEnd, "'}}'");
                    break;
                default:
                    if (_tokens.Current.Kind == TokenKind.Name && endings.Contains(_tokens.Current.Text))
                    {
                        _depth--;
                        return [.. statements];
                    }
                    statements.Add(ParseStatement());
                    _ = _tokens.Expect(TokenKind.BlockEnd, "'%}'");
                    break;
            }
        }
        return endings.IsEmpty
            ? [.. statements]
            : throw new JinjaFault($"the template ends before '{endings[^1]}'", _tokens.Current.At);
    }

    /// <summary>Reads the end of a block, its body, and the name that closes it.</summary>
    private Statement[] ParseBlock(string ending)
    {
        EndBlock();
        Statement[] body = ParseBody([ending]);
        _ = _tokens.Read();
        return body;
    }

    private void EndBlock()
    {
        _ = _tokens.TryReadOperator(":");
        _ = _tokens.Expect(TokenKind.BlockEnd, "'%}'");
    }

    private Statement ParseStatement()
    {
        Token tag = _tokens.Expect(TokenKind.Name, "the name of a statement");
        return tag.Text switch
        {
            "if" => ParseIf(tag.At),
            "for" => ParseFor(tag.At),
            "break" or "continue" when _loops == 0 => throw new JinjaFault($"'{tag.Text}' stands outside a loop", tag.At),
            "break" => new BreakStatement(tag.At),
            "continue" => new ContinueStatement(tag.At),
            "set" => ParseSet(tag.At),
            "macro" => ParseMacro(tag.At),
            "call" => ParseCall(tag.At),
            "filter" => new FilterBlockStatement(ParseFilters(inline: true), ParseBlock("endfilter"), tag.At),
            "with" => ParseWith(tag.At),
            // Hugging Face marks what the assistant wrote, for training; the text is that of its body.
            "generation" => new WithStatement([], ParseBlock("endgeneration"), tag.At),
            _ => throw new JinjaFault($"the statement '{tag.Text}' is not known here; known are {Supported}", tag.At),
        };
    }

    private IfStatement ParseIf(int at)
    {
        List<(Expression, Statement[])> branches = [];
        Statement[] otherwise = [];
        Token ending;
        do
        {
            Expression condition = _expressions.ParseTuple(withConditional: false);
            EndBlock();
            branches.Add((condition, ParseBody(["elif", "else", "endif"])));
            ending = _tokens.Read();
        }
        while (ending.IsName("elif"));
        if (ending.IsName("else"))
            otherwise = ParseBlock("endif");
        return new IfStatement(branches, otherwise, at);
    }

    private ForStatement ParseFor(int at)
    {
        Expression target = _expressions.ParseTarget(endsAt: "in");
        _tokens.ExpectName("in");
        Expression source = _expressions.ParseTuple(withConditional: false, endsAt: "recursive");
        Expression? filter = _tokens.TryReadName("if") ? _expressions.Parse() : null;
        if (_tokens.Current.IsName("recursive"))
            throw new JinjaFault("recursive loops are not supported; a macro can call itself", _tokens.Current.At);
        EndBlock();
        _loops++;
        Statement[] body = ParseBody(["else", "endfor"]);
        _loops--;
        Statement[] otherwise = _tokens.Read().IsName("else") ? ParseBlock("endfor") : [];
        return new ForStatement(target, source, filter, body, otherwise, at);
    }

    private Statement ParseSet(int at)
    {
        Expression target = _tokens.Current.Kind == TokenKind.Name && _tokens.Following.IsOperator(".")
            ? ParseNamespaceTarget()
            : _expressions.ParseTarget();
        if (_tokens.TryReadOperator("="))
            return new SetStatement(target, _expressions.ParseTuple(), at);
        return new SetBlockStatement(target, ParseFilters(inline: false), ParseBlock("endset"), at);
    }

    private NamespaceTarget ParseNamespaceTarget()
    {
        Token name = _tokens.Read();
        _ = _tokens.Read();
        return new NamespaceTarget(name.Text, _tokens.Expect(TokenKind.Name, "the name of an attribute").Text, name.At);
    }

    private FilterCall[] ParseFilters(bool inline)
    {
        List<FilterCall> filters = [];
        while (inline || _tokens.TryReadOperator("|"))
        {
            filters.Add(_expressions.ParseFilterCall());
            inline = false;
        }
        return [.. filters];
    }

    private MacroStatement ParseMacro(int at)
    {
        string name = _tokens.Expect(TokenKind.Name, "the name of the macro").Text;
        return new MacroStatement(ParseMacroBody(name, ParseParameters(), "endmacro"), at);
    }

    private CallBlockStatement ParseCall(int at)
    {
        List<(string, Expression?)> parameters = _tokens.Current.IsOperator("(") ? ParseParameters() : [];
        return _expressions.Parse() is CallExpression call
            ? new CallBlockStatement(call, ParseMacroBody("caller", parameters, "endcall"), at)
            : throw new JinjaFault("expected a call", at);
    }

    private MacroSyntax ParseMacroBody(string name, List<(string Name, Expression? Default)> parameters, string ending)
    {
        (int loops, _loops) = (_loops, 0);
        HashSet<string> around = _expressions.BeginNames();
        Statement[] body = ParseBlock(ending);
        HashSet<string> used = _expressions.EndNames(around);
        used.ExceptWith(parameters.Select(parameter => parameter.Name));
        _loops = loops;
        return new MacroSyntax(name, parameters, body, used);
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        List<(string, Expression?)> parameters = [];
        bool hadDefault = false;
        _tokens.ExpectOperator("(");
        while (!_tokens.TryReadOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.ExpectOperator(",");
            Token name = _tokens.Expect(TokenKind.Name, "the name of a parameter");
            Expression? value = _tokens.TryReadOperator("=") ? _expressions.Parse() : null;
            if (value is null && hadDefault)
                throw new JinjaFault($"the parameter '{name.Text}' needs a default, as one before it has", name.At);
            hadDefault = value is not null;
            parameters.Add((name.Text, value));
        }
        return parameters;
    }

    private WithStatement ParseWith(int at)
    {
        List<(Expression, Expression)> assignments = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
                _tokens.ExpectOperator(",");
            Expression target = _expressions.ParseTarget();
            _tokens.ExpectOperator("=");
            assignments.Add((target, _expressions.Parse()));
        }
        return new WithStatement(assignments, ParseBlock("endwith"), at);
    }
}
