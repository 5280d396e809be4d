namespace HymbaSharp.Chat.Jinja;

/// <summary>Runs the statements of a template. One evaluator renders once.</summary>
internal sealed partial class Evaluator
{
    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    private Scope _scope = new(null);
    private TextBuffer _output;

    public Evaluator(IEnumerable<KeyValuePair<string, object>> variables, TimeProvider clock, Budget budget)
    {
        Budget = budget;
        Clock = clock;
        _output = new TextBuffer(budget);
        foreach ((string name, object value) in variables)
            _scope.Set(name, value);
    }

    public Budget Budget { get; }

    public TimeProvider Clock { get; }

    /// <summary>The offset in the source of what is being evaluated.</summary>
    public int At { get; private set; }

    public string Render(Statement[] template)
    {
        _ = Run(template);
        return _output.ToString();
    }

    private Flow Run(Statement[] body)
    {
        Budget.EnsureStack();
        foreach (Statement statement in body)
        {
            Flow flow = Run(statement);
            if (flow != Flow.Next)
                return flow;
        }
        return Flow.Next;
    }

    private Flow Run(Statement statement)
    {
        Budget.Charge();
        At = statement.At;
        switch (statement)
        {
            case TextStatement text:
                _output.Append(text.Text);
                return Flow.Next;
            case OutputStatement output:
                _output.Append(Representation.Text(Evaluate(output.Value), Budget));
                return Flow.Next;
            case IfStatement choice:
                return RunIf(choice);
            case ForStatement loop:
                return RunFor(loop);
            case BreakStatement:
                return Flow.Break;
            case ContinueStatement:
                return Flow.Continue;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value));
                return Flow.Next;
            case SetBlockStatement set:
                return RunCaptured(set.Body, set.Filters, text => Assign(set.Target, text));
            case FilterBlockStatement block:
                return RunCaptured(block.Body, block.Filters, text => _output.Append(Representation.Text(text, Budget)));
            case WithStatement with:
                return RunWith(with);
            case MacroStatement macro:
                _scope.Set(macro.Macro.Name, MakeMacro(macro.Macro));
                return Flow.Next;
            default:
                RunCallBlock((CallBlockStatement)statement);
                return Flow.Next;
        }
    }

    private Flow RunIf(IfStatement choice)
    {
        foreach ((Expression condition, Statement[] body) in choice.Branches)
        {
            if (Operations.IsTrue(Evaluate(condition)))
                return Run(body);
        }
        return Run(choice.Else);
    }

    private Flow RunFor(ForStatement statement)
    {
        Scope around = _scope;
        IReadOnlyList<object> items = Sequences.Items(Evaluate(statement.Source), Budget);
        LoopValue loop = new(Filtered(statement, items, around));
        bool isEmpty = true;
        while (loop.MoveNext())
        {
            isEmpty = false;
            Budget.Charge();
            _scope = new Scope(around);
            _scope.Set("loop", loop);
            Assign(statement.Target, loop.Current);
            if (Run(statement.Body) == Flow.Break)
                break;
        }
        Flow flow = Flow.Next;
        if (isEmpty)
        {
            _scope = new Scope(around);
            flow = Run(statement.Else);
        }
        _scope = around;
        return flow;
    }

    private IEnumerator<object> Filtered(ForStatement statement, IReadOnlyList<object> items, Scope around)
    {
        foreach (object item in items)
        {
            if (statement.Filter is not null)
            {
                Scope body = _scope;
                _scope = new Scope(around);
                Assign(statement.Target, item);
                bool isIn = Operations.IsTrue(Evaluate(statement.Filter));
                _scope = body;
                if (!isIn)
                    continue;
            }
            yield return item;
        }
    }

    /// <summary>Runs a body that writes to a text of its own, and hands on the text with the filters applied.</summary>
    private Flow RunCaptured(Statement[] body, FilterCall[] filters, Action<object> receive)
    {
        (TextBuffer output, Scope around) = (_output, _scope);
        (_output, _scope) = (new TextBuffer(Budget), new Scope(around));
        Flow flow = Run(body);
        object text = _output.ToString();
        (_output, _scope) = (output, around);
        if (flow != Flow.Next)
            return flow;
        foreach (FilterCall filter in filters)
            text = Apply(filter, text);
        receive(text);
        return Flow.Next;
    }

    private Flow RunWith(WithStatement with)
    {
        Scope around = _scope;
        // Every value is evaluated outside, so that "with a = b, b = a" swaps.
        List<object> values = [.. with.Assignments.Select(assignment => Evaluate(assignment.Value))];
        _scope = new Scope(around);
        for (int i = 0; i < values.Count; i++)
            Assign(with.Assignments[i].Target, values[i]);
        Flow flow = Run(with.Body);
        _scope = around;
        return flow;
    }

    private void RunCallBlock(CallBlockStatement block)
    {
        object callee = Evaluate(block.Call.Callee);
        Arguments arguments = Evaluate(block.Call.Arguments);
        Dictionary<string, object> named = new(arguments.Named) { ["caller"] = MakeMacro(block.Caller) };
        At = block.At;
        _output.Append(Representation.Text(Call(callee, arguments with { Named = named }), Budget));
    }

    private void Assign(Expression target, object value)
    {
        switch (target)
        {
            case NameExpression name:
                _scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                if (Find(attribute.Name) is not NamespaceValue space)
                    throw new JinjaFault("cannot assign attribute on non-namespace object");
                space.Attributes[attribute.Attribute] = value;
                break;
            default:
                Expression[] targets = ((ListExpression)target).Items;
                IReadOnlyList<object> values = Sequences.Items(value, Budget);
                if (values.Count != targets.Length)
                    throw new JinjaFault($"{targets.Length} names are to be assigned, and there are {values.Count} values");
                for (int i = 0; i < targets.Length; i++)
                    Assign(targets[i], values[i]);
                break;
        }
    }

    private Callable MakeMacro(MacroSyntax macro)
    {
        Scope defined = _scope;
        return new Callable(macro.Name, (evaluator, arguments) => evaluator.RunMacro(macro, defined, arguments));
    }

    private string RunMacro(MacroSyntax macro, Scope defined, Arguments arguments)
    {
        (TextBuffer output, Scope caller) = (_output, _scope);
        (_output, _scope) = (new TextBuffer(Budget), new Scope(defined));
        BindParameters(macro, arguments);
        _ = Run(macro.Body);
        string text = _output.ToString();
        (_output, _scope) = (output, caller);
        return text;
    }

    private void BindParameters(MacroSyntax macro, Arguments arguments)
    {
        Dictionary<string, object> named = new(arguments.Named);
        for (int i = 0; i < macro.Parameters.Count; i++)
        {
            (string name, Expression? otherwise) = macro.Parameters[i];
            object? value = i < arguments.Positional.Count ? arguments.Positional[i] : null;
            if (value is null && !named.Remove(name, out value))
                value = otherwise is null ? new Undefined($"parameter '{name}' was not provided") : Evaluate(otherwise);
            _scope.Set(name, value);
        }

        if (macro.Implicit.Contains("caller"))
            _scope.Set("caller", named.Remove("caller", out object? caller) ? caller : new Undefined("No caller defined"));
        if (macro.Implicit.Contains("kwargs"))
        {
            DictValue more = new();
            foreach ((string name, object value) in named)
                more.Set(name, value, Budget);
            _scope.Set("kwargs", more);
        }
        else if (named.Count > 0)
        {
            throw new JinjaFault($"macro '{macro.Name}' takes no keyword argument '{named.Keys.First()}'");
        }

        object[] rest = [.. arguments.Positional.Skip(macro.Parameters.Count)];
        if (macro.Implicit.Contains("varargs"))
            _scope.Set("varargs", new ListValue(rest, isTuple: true));
        else if (rest.Length > 0)
            throw new JinjaFault($"macro '{macro.Name}' takes not more than {macro.Parameters.Count} argument(s)");
    }
}
