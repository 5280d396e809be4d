using System.Collections.Frozen;

namespace HymbaSharp.Chat.Jinja;

/// <summary>The functions every template can call.</summary>
internal static class Globals
{
    // As in the sandbox Hugging Face renders templates in.
    private const long MaxRange = 100_000;

    public static FrozenDictionary<string, Callable> Table { get; } = new Callable[]
    {
        new("range", Range),
        new("dict", MakeDict),
        new("namespace", MakeNamespace),
        new("raise_exception", (evaluator, arguments) => throw new JinjaFault(
            Representation.Text(Arguments.Required(arguments.Bind("raise_exception", "message")[0], "raise_exception", "message"), evaluator.Budget))),
        new("strftime_now", (evaluator, arguments) => TimeFormat.Format(
            evaluator.Clock.GetLocalNow(), Arguments.Text(arguments.Bind("strftime_now", "format")[0], "strftime_now", "")!, evaluator.Budget)),
    }.ToFrozenDictionary(function => function.Name, StringComparer.Ordinal);

    private static ListValue Range(Evaluator evaluator, Arguments arguments)
    {
        if (arguments.Named.Count > 0 || arguments.Positional.Count is < 1 or > 3)
            throw new JinjaFault("range() takes one to three integers");
        long[] bounds = [.. arguments.Positional.Select(bound => Arguments.Integer(bound is None ? "None" : bound, "range"))];
        long start = bounds.Length > 1 ? bounds[0] : 0;
        long stop = bounds.Length > 1 ? bounds[1] : bounds[0];
        long step = bounds.Length > 2 ? bounds[2] : 1;
        if (step == 0)
            throw new JinjaFault("range() arg 3 must not be zero");
        Int128 span = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        Int128 length = span <= 0 ? 0 : (span - 1) / Int128.Abs(step) + 1;
        if (length > MaxRange)
            throw new JinjaFault($"range() of more than the {MaxRange} items allowed");
        evaluator.Budget.Charge((long)length);
        object[] items = new object[(int)length];
        for (int i = 0; i < items.Length; i++)
            items[i] = start + i * step;
        return new ListValue(items);
    }

    private static DictValue MakeDict(Evaluator evaluator, Arguments arguments)
    {
        DictValue dict = new();
        foreach (object source in arguments.Positional)
        {
            if (source is DictValue other)
            {
                evaluator.Budget.Charge(other.Count);
                foreach ((object key, object value) in other.Items)
                    dict.Set(key, value, evaluator.Budget);
                continue;
            }
            foreach (object pair in Sequences.Items(source, evaluator.Budget))
            {
                if (pair is not ListValue { Items: [object key, object value] })
                    throw new JinjaFault("a dictionary is made of pairs");
                dict.Set(key, value, evaluator.Budget);
            }
        }
        foreach ((string name, object value) in arguments.Named)
            dict.Set(name, value, evaluator.Budget);
        return dict;
    }

    private static NamespaceValue MakeNamespace(Evaluator evaluator, Arguments arguments)
    {
        NamespaceValue space = new();
        foreach ((object key, object value) in MakeDict(evaluator, arguments).Items)
            space.Attributes[Arguments.Text(key, "namespace") ?? throw new JinjaFault("attributes of a namespace are named by texts")] = value;
        return space;
    }
}
