using System.Globalization;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Parses expressions, one method per level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    // Each level descends some ten methods; real templates stay below ten levels.
    private const int MaxDepth = 100;

    private int _depth;
    private HashSet<string> _implicitNames = [];

    /// <summary>Starts to note which of the names a macro is given implicitly its body uses; returns the notes of the macro around.</summary>
    public HashSet<string> BeginNames()
    {
        HashSet<string> around = _implicitNames;
        _implicitNames = [];
        return around;
    }

    public HashSet<string> EndNames(HashSet<string> around)
    {
        HashSet<string> names = _implicitNames;
        _implicitNames = around;
        return names;
    }

    public Expression Parse(bool withConditional = true)
    {
        int at = tokens.Current.At;
        if (++_depth > MaxDepth)
            throw new JinjaFault($"the expression nests deeper than the {MaxDepth} levels allowed", at);
        Budget.EnsureStack();
        Expression expression = ParseOr();
        while (withConditional && tokens.TryReadName("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = tokens.TryReadName("else") ? Parse() : null;
            expression = new ConditionalExpression(condition, expression, otherwise, at);
        }
        _depth--;
        return expression;
    }

    /// <summary>Parses an expression, or several with commas between: a tuple.</summary>
    public Expression ParseTuple(bool withConditional = true, string? endsAt = null) =>
        ParseTuple(() => Parse(withConditional), endsAt, inParentheses: false);

    /// <summary>Parses what can be assigned to: a name, or a tuple of such.</summary>
    public Expression ParseTarget(string? endsAt = null)
    {
        Expression target = ParseTuple(ParsePrimary, endsAt, inParentheses: false);
        EnsureAssignable(target);
        return target;
    }

    public FilterCall ParseFilterCall()
    {
        Token name = tokens.Expect(TokenKind.Name, "the name of a filter");
        return new FilterCall(name.Text, tokens.Current.IsOperator("(") ? ParseArguments() : ArgumentSyntax.None, name.At);
    }

    private static void EnsureAssignable(Expression target)
    {
        if (target is ListExpression { IsTuple: true } tuple)
            Array.ForEach(tuple.Items, EnsureAssignable);
        else if (target is not NameExpression)
            throw new JinjaFault("only a name can be assigned to, or a tuple of names", target.At);
    }

    private Expression ParseTuple(Func<Expression> parse, string? endsAt, bool inParentheses)
    {
        int at = tokens.Current.At;
        List<Expression> items = [];
        bool isTuple = false;
        while (!IsTupleEnd(endsAt))
        {
            items.Add(parse());
            if (!tokens.TryReadOperator(","))
                break;
            isTuple = true;
        }
        if (items.Count == 0 && !inParentheses)
            throw new JinjaFault($"expected an expression, found {tokens.Current.Description}", at);
        return items.Count == 1 && !isTuple ? items[0] : new ListExpression([.. items], IsTuple: true, at);
    }

    private bool IsTupleEnd(string? endsAt) =>
        tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || tokens.Current.IsOperator(")")
        || (endsAt is not null && tokens.Current.IsName(endsAt));

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        for (Token token = tokens.Current; tokens.TryReadName("or"); token = tokens.Current)
            left = new LogicalExpression(IsAnd: false, left, ParseAnd(), token.At);
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        for (Token token = tokens.Current; tokens.TryReadName("and"); token = tokens.Current)
            left = new LogicalExpression(IsAnd: true, left, ParseNot(), token.At);
        return left;
    }

    private Expression ParseNot()
    {
        Token token = tokens.Current;
        if (!tokens.TryReadName("not"))
            return ParseComparison();
        Budget.EnsureStack();
        return new NotExpression(ParseNot(), token.At);
    }

    private Expression ParseComparison()
    {
        int at = tokens.Current.At;
        Expression first = ParseSum();
        List<(Comparison, Expression)> rest = [];
        while (TryReadComparison() is { } comparison)
            rest.Add((comparison, ParseSum()));
        return rest.Count == 0 ? first : new CompareExpression(first, rest, at);
    }

    private Comparison? TryReadComparison()
    {
        Token token = tokens.Current;
        Comparison? comparison = (token.Kind, token.Text) switch
        {
            (TokenKind.Operator, "==") => Comparison.Equal,
            (TokenKind.Operator, "!=") => Comparison.NotEqual,
            (TokenKind.Operator, "<") => Comparison.Less,
            (TokenKind.Operator, "<=") => Comparison.LessOrEqual,
            (TokenKind.Operator, ">") => Comparison.Greater,
            (TokenKind.Operator, ">=") => Comparison.GreaterOrEqual,
            (TokenKind.Name, "in") => Comparison.In,
            (TokenKind.Name, "not") when tokens.Following.IsName("in") => Comparison.NotIn,
            _ => null,
        };
        if (comparison is not null)
            _ = tokens.Read();
        if (comparison == Comparison.NotIn)
            _ = tokens.Read();
        return comparison;
    }

    private Expression ParseSum()
    {
        Expression left = ParseConcat();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            Token token = tokens.Read();
            left = new BinaryExpression(token.Text == "+" ? BinaryOperator.Add : BinaryOperator.Subtract, left, ParseConcat(), token.At);
        }
        return left;
    }

    private Expression ParseConcat()
    {
        int at = tokens.Current.At;
        Expression first = ParseProduct();
        if (!tokens.Current.IsOperator("~"))
            return first;
        List<Expression> parts = [first];
        while (tokens.TryReadOperator("~"))
            parts.Add(ParseProduct());
        return new ConcatExpression([.. parts], at);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            Token token = tokens.Read();
            BinaryOperator symbol = token.Text switch
            {
                "*" => BinaryOperator.Multiply,
                "/" => BinaryOperator.Divide,
                "//" => BinaryOperator.FloorDivide,
                _ => BinaryOperator.Modulo,
            };
            left = new BinaryExpression(symbol, left, ParsePower(), token.At);
        }
        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary(withFilters: true);
        for (Token token = tokens.Current; tokens.TryReadOperator("**"); token = tokens.Current)
            left = new BinaryExpression(BinaryOperator.Power, left, ParseUnary(withFilters: true), token.At);
        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        Expression expression;
        if (tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            Budget.EnsureStack();
            Token sign = tokens.Read();
            expression = new SignExpression(sign.Text == "-", ParseUnary(withFilters: false), sign.At);
        }
        else
        {
            expression = ParsePrimary();
        }
        expression = ParsePostfix(expression);
        return withFilters ? ParseFiltersAndTests(expression) : expression;
    }

    private Expression ParsePrimary()
    {
        Token token = tokens.Read();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token);
            case TokenKind.String:
                List<string> parts = [token.Text];
                while (tokens.Current.Kind == TokenKind.String)
                    parts.Add(tokens.Read().Text);
                return new ConstantExpression(string.Concat(parts), token.At);
            case TokenKind.Integer:
                return new ConstantExpression(long.Parse(token.Text, CultureInfo.InvariantCulture), token.At);
            case TokenKind.Float:
                return new ConstantExpression(double.Parse(token.Text, CultureInfo.InvariantCulture), token.At);
            case TokenKind.Operator when token.Text == "(":
                Expression inner = ParseTuple(() => Parse(), endsAt: null, inParentheses: true);
                tokens.ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListExpression([.. ParseItems("]", () => Parse())], IsTuple: false, token.At);
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(ParseItems("}", ParsePair), token.At);
            default:
                throw new JinjaFault($"expected an expression, found {token.Description}", token.At);
        }
    }

    private Expression ParseName(Token token)
    {
        switch (token.Text)
        {
            case "true" or "True": return new ConstantExpression(true, token.At);
            case "false" or "False": return new ConstantExpression(false, token.At);
            case "none" or "None": return new ConstantExpression(None.Value, token.At);
            case "varargs" or "kwargs" or "caller":
                _ = _implicitNames.Add(token.Text);
                break;
        }
        return new NameExpression(token.Text, token.At);
    }

    private List<T> ParseItems<T>(string closing, Func<T> parse)
    {
        List<T> items = [];
        while (!tokens.Current.IsOperator(closing))
        {
            items.Add(parse());
            if (!tokens.TryReadOperator(","))
                break;
        }
        tokens.ExpectOperator(closing);
        return items;
    }

    private (Expression Key, Expression Value) ParsePair()
    {
        Expression key = Parse();
        tokens.ExpectOperator(":");
        return (key, Parse());
    }

    private Expression ParsePostfix(Expression expression)
    {
        while (true)
        {
            Token token = tokens.Current;
            if (tokens.TryReadOperator("."))
                expression = ParseMember(expression, token.At);
            else if (tokens.TryReadOperator("["))
                expression = ParseSubscript(expression, token.At);
            else if (token.IsOperator("("))
                expression = new CallExpression(expression, ParseArguments(), token.At);
            else
                return expression;
        }
    }

    private Expression ParseMember(Expression operand, int at)
    {
        Token name = tokens.Read();
        return name.Kind switch
        {
            TokenKind.Name => new AttributeExpression(operand, name.Text, at),
            TokenKind.Integer => new ItemExpression(
                operand, new ConstantExpression(long.Parse(name.Text, CultureInfo.InvariantCulture), name.At), at),
            _ => throw new JinjaFault($"expected the name of an attribute, found {name.Description}", name.At),
        };
    }

    private Expression ParseSubscript(Expression operand, int at)
    {
        Expression? start = tokens.Current.IsOperator(":") ? null : Parse();
        if (start is not null && tokens.TryReadOperator("]"))
            return new ItemExpression(operand, start, at);
        tokens.ExpectOperator(":");
        Expression? stop = IsSliceEnd() ? null : Parse();
        Expression? step = tokens.TryReadOperator(":") && !IsSliceEnd() ? Parse() : null;
        tokens.ExpectOperator("]");
        return new SliceExpression(operand, start, stop, step, at);
    }

    private bool IsSliceEnd() => tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]");

    private Expression ParseFiltersAndTests(Expression expression)
    {
        while (true)
        {
            Token token = tokens.Current;
            if (tokens.TryReadOperator("|"))
                expression = new FilterExpression(expression, ParseFilterCall(), token.At);
            else if (tokens.TryReadName("is"))
                expression = ParseTest(expression, token.At);
            else if (token.IsOperator("("))
                expression = new CallExpression(expression, ParseArguments(), token.At);
            else
                return expression;
        }
    }

    /// <summary>After <c>is</c>: a test with its arguments in parentheses, or with one argument written without them.</summary>
    private Expression ParseTest(Expression operand, int at)
    {
        bool isNegated = tokens.TryReadName("not");
        Token name = tokens.Expect(TokenKind.Name, "the name of a test");
        ArgumentSyntax arguments = ArgumentSyntax.None;
        Token next = tokens.Current;
        if (next.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if ((next.Kind is TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float || next.IsOperator("[") || next.IsOperator("{"))
            && !next.IsName("else") && !next.IsName("or") && !next.IsName("and"))
        {
            if (next.IsName("is"))
                throw new JinjaFault("tests cannot be chained with 'is'", next.At);
            Budget.EnsureStack();
            arguments = new ArgumentSyntax([ParsePostfix(ParsePrimary())], [], null, null);
        }
        TestExpression test = new(operand, new FilterCall(name.Text, arguments, name.At), at);
        return isNegated ? new NotExpression(test, at) : test;
    }

    private ArgumentSyntax ParseArguments()
    {
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? morePositional = null;
        Expression? moreNamed = null;
        tokens.ExpectOperator("(");
        while (!tokens.Current.IsOperator(")"))
        {
            Token token = tokens.Current;
            bool isInPlace = moreNamed is null;
            if (tokens.TryReadOperator("*"))
            {
                isInPlace &= morePositional is null;
                morePositional = Parse();
            }
            else if (tokens.TryReadOperator("**"))
            {
                moreNamed = Parse();
            }
            else if (token.Kind == TokenKind.Name && tokens.Following.IsOperator("="))
            {
                (_, _) = (tokens.Read(), tokens.Read());
                named.Add((token.Text, Parse()));
            }
            else
            {
                isInPlace &= morePositional is null && named.Count == 0;
                positional.Add(Parse());
            }
            if (!isInPlace)
                throw new JinjaFault("this argument cannot follow those before it", token.At);
            if (!tokens.TryReadOperator(","))
                break;
        }
        tokens.ExpectOperator(")");
        return new ArgumentSyntax([.. positional], named, morePositional, moreNamed);
    }
}
