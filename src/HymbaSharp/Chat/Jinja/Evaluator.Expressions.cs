namespace HymbaSharp.Chat.Jinja;

internal sealed partial class Evaluator
{
    private object Evaluate(Expression expression)
    {
        Budget.Charge();
        Budget.EnsureStack();
        switch (expression)
        {
            case ConstantExpression constant:
                return constant.Value;
            case NameExpression name:
                return Find(name.Name) ?? new Undefined($"'{name.Name}' is undefined");
            case ListExpression list:
                return new ListValue(Evaluate(list.Items), list.IsTuple);
            case DictExpression dict:
                return Evaluate(dict);
            case NotExpression not:
                return !Operations.IsTrue(Evaluate(not.Operand));
            case LogicalExpression logical:
                object left = Evaluate(logical.Left);
                return Operations.IsTrue(left) == logical.IsAnd ? Evaluate(logical.Right) : left;
            case ConditionalExpression choice:
                return Evaluate(choice);
            case ConcatExpression concat:
                return Evaluate(concat);
            case CompareExpression comparison:
                return Evaluate(comparison);
            case TestExpression test:
                return Test(test);
            case FilterExpression filter:
                return Apply(filter.Filter, Evaluate(filter.Operand));
            default:
                return EvaluateOperation(expression);
        }
    }

    private object[] Evaluate(Expression[] expressions)
    {
        object[] values = new object[expressions.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = Evaluate(expressions[i]);
        return values;
    }

    /// <summary>Expressions whose operands come first; the place is noted after them, for the error of the operation itself.</summary>
    private object EvaluateOperation(Expression expression)
    {
        switch (expression)
        {
            case BinaryExpression binary:
                (object left, object right) = (Evaluate(binary.Left), Evaluate(binary.Right));
                At = binary.At;
                return Arithmetic.Apply(binary.Operator, left, right, this);
            case SignExpression sign:
                object operand = Evaluate(sign.Operand);
                At = sign.At;
                return sign.IsNegative ? Arithmetic.Negate(operand) : Arithmetic.Apply(BinaryOperator.Add, 0L, operand, this);
            case AttributeExpression attribute:
                object owner = Evaluate(attribute.Operand);
                At = attribute.At;
                return Access.Attribute(owner, attribute.Name, this);
            case ItemExpression item:
                (object container, object key) = (Evaluate(item.Operand), Evaluate(item.Key));
                At = item.At;
                return Access.Item(container, key, this);
            case SliceExpression slice:
                object sliced = Evaluate(slice.Operand);
                object? start = slice.Start is null ? null : Evaluate(slice.Start);
                object? stop = slice.Stop is null ? null : Evaluate(slice.Stop);
                object? step = slice.Step is null ? null : Evaluate(slice.Step);
                At = slice.At;
                return Sequences.Slice(sliced, start, stop, step, Budget);
            default:
                CallExpression call = (CallExpression)expression;
                object callee = Evaluate(call.Callee);
                Arguments arguments = Evaluate(call.Arguments);
                At = call.At;
                return Call(callee, arguments);
        }
    }

    private object? Find(string name) => _scope.Find(name) ?? Globals.Table.GetValueOrDefault(name);

    private DictValue Evaluate(DictExpression expression)
    {
        DictValue dict = new();
        foreach ((Expression key, Expression value) in expression.Items)
            dict.Set(Evaluate(key), Evaluate(value), Budget);
        return dict;
    }

    private object Evaluate(ConditionalExpression choice)
    {
        if (Operations.IsTrue(Evaluate(choice.Condition)))
            return Evaluate(choice.Then);
        return choice.Else is not null
            ? Evaluate(choice.Else)
            : new Undefined("the inline if-expression evaluated to false and no else section was defined");
    }

    private string Evaluate(ConcatExpression concat)
    {
        TextBuffer text = new(Budget);
        foreach (Expression part in concat.Parts)
            text.Append(Representation.Text(Evaluate(part), Budget));
        return text.ToString();
    }

    private bool Evaluate(CompareExpression comparison)
    {
        object left = Evaluate(comparison.First);
        foreach ((Comparison kind, Expression operand) in comparison.Rest)
        {
            object right = Evaluate(operand);
            At = comparison.At;
            if (!Operations.Compare(kind, left, right, Budget))
                return false;
            left = right;
        }
        return true;
    }

    private bool Test(TestExpression expression)
    {
        object value = Evaluate(expression.Operand);
        Arguments arguments = Evaluate(expression.Test.Arguments);
        At = expression.Test.At;
        return Tests.Apply(expression.Test.Name, this, value, arguments);
    }

    private object Apply(FilterCall filter, object value)
    {
        Arguments arguments = Evaluate(filter.Arguments);
        At = filter.At;
        return Filters.Apply(filter.Name, this, value, arguments);
    }

    private object Call(object callee, Arguments arguments)
    {
        Undefined.Refuse(callee);
        return callee is Callable callable
            ? callable.Invoke(this, arguments)
            : throw new JinjaFault($"'{Operations.TypeName(callee)}' object is not callable");
    }

    private Arguments Evaluate(ArgumentSyntax syntax)
    {
        if (ReferenceEquals(syntax, ArgumentSyntax.None))
            return Arguments.Empty;
        List<object> positional = [.. Evaluate(syntax.Positional)];
        if (syntax.MorePositional is not null)
            positional.AddRange(Sequences.Items(Evaluate(syntax.MorePositional), Budget));
        Dictionary<string, object> named = new(StringComparer.Ordinal);
        foreach ((string name, Expression value) in syntax.Named)
            AddNamed(named, name, Evaluate(value));
        if (syntax.MoreNamed is not null)
        {
            if (Evaluate(syntax.MoreNamed) is not DictValue more)
                throw new JinjaFault("the argument after '**' must be a dictionary");
            foreach ((object key, object value) in more.Items)
            {
                string name = key as string ?? throw new JinjaFault("keywords must be strings");
                Budget.ChargeRead(name);
                AddNamed(named, name, value);
            }
        }
        return new Arguments(positional, named);
    }

    private static void AddNamed(Dictionary<string, object> named, string name, object value)
    {
        if (!named.TryAdd(name, value))
            throw new JinjaFault($"the argument '{name}' is given twice");
    }
}
