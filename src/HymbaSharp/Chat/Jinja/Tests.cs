using System.Collections.Frozen;
using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>The tests that follow <c>is</c>, by name.</summary>
internal static class Tests
{
    private delegate bool Test(Evaluator evaluator, object value, Arguments arguments);

    private static readonly FrozenDictionary<string, Test> Table = new Dictionary<string, Test>
    {
        ["odd"] = (evaluator, value, arguments) => Remainder(evaluator, value, 2L, arguments) == 1,
        ["even"] = (evaluator, value, arguments) => Remainder(evaluator, value, 2L, arguments) == 0,
        ["divisibleby"] = (evaluator, value, arguments) => Remainder(evaluator, value, Only(arguments, "divisibleby"), Arguments.Empty) == 0,
        ["defined"] = Plain("defined", value => value is not Undefined),
        ["undefined"] = Plain("undefined", value => value is Undefined),
        ["none"] = Plain("none", value => value is None),
        ["boolean"] = Plain("boolean", value => value is bool),
        ["true"] = Plain("true", value => value is true),
        ["false"] = Plain("false", value => value is false),
        ["integer"] = Plain("integer", value => value is long or BigInteger),
        ["float"] = Plain("float", value => value is double),
        ["number"] = Plain("number", Arithmetic.IsNumber),
        ["string"] = Plain("string", value => value is string),
        ["mapping"] = Plain("mapping", value => value is DictValue),
        ["sequence"] = Plain("sequence", value => value is string or ListValue or DictValue or Undefined),
        ["iterable"] = Plain("iterable", Sequences.IsIterable),
        ["callable"] = Plain("callable", value => value is Callable or Undefined),
        ["escaped"] = Plain("escaped", _ => false),
        ["filter"] = Plain("filter", value => value is string name && Filters.IsKnown(name)),
        ["test"] = Plain("test", value => value is string name && IsKnown(name)),
        ["lower"] = (evaluator, value, arguments) => IsCased(evaluator, value, arguments, upper: false),
        ["upper"] = (evaluator, value, arguments) => IsCased(evaluator, value, arguments, upper: true),
        ["sameas"] = (_, value, arguments) => IsSame(value, Only(arguments, "sameas")),
        ["in"] = Compare(Comparison.In),
        ["=="] = Compare(Comparison.Equal),
        ["eq"] = Compare(Comparison.Equal),
        ["equalto"] = Compare(Comparison.Equal),
        ["!="] = Compare(Comparison.NotEqual),
        ["ne"] = Compare(Comparison.NotEqual),
        ["<"] = Compare(Comparison.Less),
        ["lt"] = Compare(Comparison.Less),
        ["lessthan"] = Compare(Comparison.Less),
        ["<="] = Compare(Comparison.LessOrEqual),
        ["le"] = Compare(Comparison.LessOrEqual),
        [">"] = Compare(Comparison.Greater),
        ["gt"] = Compare(Comparison.Greater),
        ["greaterthan"] = Compare(Comparison.Greater),
        [">="] = Compare(Comparison.GreaterOrEqual),
        ["ge"] = Compare(Comparison.GreaterOrEqual),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Apply(string name, Evaluator evaluator, object value, Arguments arguments) =>
        Table.TryGetValue(name, out Test? test)
            ? test(evaluator, value, arguments)
            : throw new JinjaFault($"there is no test '{name}'; known are {string.Join(", ", Table.Keys.Order())}");

    private static bool IsKnown(string name) => Table.ContainsKey(name);

    private static Test Plain(string name, Func<object, bool> test) => (_, value, arguments) =>
    {
        arguments.ExpectNone(name);
        return test(value);
    };

    private static Test Compare(Comparison comparison) => (evaluator, value, arguments) =>
        Operations.Compare(comparison, value, Only(arguments, "this test"), evaluator.Budget);

    private static bool IsCased(Evaluator evaluator, object value, Arguments arguments, bool upper)
    {
        arguments.ExpectNone(upper ? "upper" : "lower");
        string text = Representation.Text(value, evaluator.Budget);
        evaluator.Budget.ChargeText(text.Length);
        return PythonText.IsCased(text, upper);
    }

    private static object Only(Arguments arguments, string test) =>
        Arguments.Required(arguments.Bind(test, "other")[0], test, "other");

    private static double Remainder(Evaluator evaluator, object value, object divisor, Arguments arguments)
    {
        arguments.ExpectNone("this test");
        return value is string
            ? throw new JinjaFault("a number is needed, not a value of type 'str'")
            : Arithmetic.AsDouble(Arithmetic.Apply(BinaryOperator.Modulo, value, divisor, evaluator));
    }

    /// <summary>Identity. Numbers and texts have none of their own here: those of one type that are equal are the same.</summary>
    private static bool IsSame(object value, object other) =>
        ReferenceEquals(value, other) || (value is string or bool or long or double && value.Equals(other));
}
