namespace HymbaSharp.Chat.Jinja;

/// <summary>A part of a parsed template; <paramref name="At"/> is its offset in the source.</summary>
internal abstract record Node(int At);

internal abstract record Statement(int At) : Node(At);

internal sealed record TextStatement(string Text, int At) : Statement(At);

internal sealed record OutputStatement(Expression Value, int At) : Statement(At);

/// <summary><c>if</c>, its <c>elif</c>s in order, and <c>else</c> (empty when there is none).</summary>
internal sealed record IfStatement(IReadOnlyList<(Expression Condition, Statement[] Body)> Branches, Statement[] Else, int At) : Statement(At);

internal sealed record ForStatement(Expression Target, Expression Source, Expression? Filter, Statement[] Body, Statement[] Else, int At) : Statement(At);

internal sealed record BreakStatement(int At) : Statement(At);

internal sealed record ContinueStatement(int At) : Statement(At);

internal sealed record SetStatement(Expression Target, Expression Value, int At) : Statement(At);

/// <summary><c>set</c> with a body; the filters are applied to the text in order.</summary>
internal sealed record SetBlockStatement(Expression Target, FilterCall[] Filters, Statement[] Body, int At) : Statement(At);

internal sealed record FilterBlockStatement(FilterCall[] Filters, Statement[] Body, int At) : Statement(At);

internal sealed record WithStatement(IReadOnlyList<(Expression Target, Expression Value)> Assignments, Statement[] Body, int At) : Statement(At);

internal sealed record MacroStatement(MacroSyntax Macro, int At) : Statement(At);

/// <summary><c>call</c>: the block becomes the macro <c>caller</c> of the call.</summary>
internal sealed record CallBlockStatement(CallExpression Call, MacroSyntax Caller, int At) : Statement(At);

/// <summary>The body of a macro and which of the implicit names <c>varargs</c>, <c>kwargs</c> and <c>caller</c> it uses.</summary>
internal sealed record MacroSyntax(string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Statement[] Body, IReadOnlySet<string> Implicit);

internal sealed record FilterCall(string Name, ArgumentSyntax Arguments, int At);

internal sealed record ArgumentSyntax(
    Expression[] Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? MorePositional, Expression? MoreNamed)
{
    public static ArgumentSyntax None { get; } = new([], [], null, null);
}

internal abstract record Expression(int At) : Node(At);

internal sealed record ConstantExpression(object Value, int At) : Expression(At);

internal sealed record NameExpression(string Name, int At) : Expression(At);

/// <summary>The target <c>space.attribute</c> of a <c>set</c>.</summary>
internal sealed record NamespaceTarget(string Name, string Attribute, int At) : Expression(At);

internal sealed record ListExpression(Expression[] Items, bool IsTuple, int At) : Expression(At);

internal sealed record DictExpression(IReadOnlyList<(Expression Key, Expression Value)> Items, int At) : Expression(At);

internal sealed record NotExpression(Expression Operand, int At) : Expression(At);

internal sealed record SignExpression(bool IsNegative, Expression Operand, int At) : Expression(At);

internal sealed record BinaryExpression(BinaryOperator Operator, Expression Left, Expression Right, int At) : Expression(At);

/// <summary><c>and</c> or <c>or</c>: the value is that of the operand that decides.</summary>
internal sealed record LogicalExpression(bool IsAnd, Expression Left, Expression Right, int At) : Expression(At);

internal sealed record ConcatExpression(Expression[] Parts, int At) : Expression(At);

/// <summary>A chain such as <c>a &lt; b &lt;= c</c>.</summary>
internal sealed record CompareExpression(Expression First, IReadOnlyList<(Comparison Comparison, Expression Operand)> Rest, int At) : Expression(At);

internal sealed record ConditionalExpression(Expression Condition, Expression Then, Expression? Else, int At) : Expression(At);

internal sealed record AttributeExpression(Expression Operand, string Name, int At) : Expression(At);

internal sealed record ItemExpression(Expression Operand, Expression Key, int At) : Expression(At);

internal sealed record SliceExpression(Expression Operand, Expression? Start, Expression? Stop, Expression? Step, int At) : Expression(At);

internal sealed record CallExpression(Expression Callee, ArgumentSyntax Arguments, int At) : Expression(At);

internal sealed record FilterExpression(Expression Operand, FilterCall Filter, int At) : Expression(At);

internal sealed record TestExpression(Expression Operand, FilterCall Test, int At) : Expression(At);

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}
