namespace HymbaSharp.Chat.Jinja;

/// <summary>The evaluated arguments of a call, a filter or a test.</summary>
internal sealed record Arguments(IReadOnlyList<object> Positional, IReadOnlyDictionary<string, object> Named)
{
    public static Arguments Empty { get; } = new([], new Dictionary<string, object>());

    /// <summary>The arguments in the order of the parameters; null where one was not given.</summary>
    public object?[] Bind(string function, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new JinjaFault($"{function}() takes at most {parameters.Length} arguments, {Positional.Count} were given");
        object?[] bound = new object?[parameters.Length];
        for (int i = 0; i < Positional.Count; i++)
            bound[i] = Positional[i];
        foreach ((string name, object value) in Named)
        {
            int parameter = parameters.IndexOf(name);
            if (parameter < 0)
                throw new JinjaFault($"{function}() has no parameter '{name}'");
            if (bound[parameter] is not null)
                throw new JinjaFault($"{function}() was given '{name}' twice");
            bound[parameter] = value;
        }
        return bound;
    }

    /// <summary>The arguments after the first <paramref name="count"/> positional ones.</summary>
    public Arguments Skip(int count) => this with { Positional = [.. Positional.Skip(count)] };

    /// <summary>Refuses arguments given to a function that takes none.</summary>
    public void ExpectNone(string function) => _ = Bind(function);

    /// <summary>A text among the bound arguments; <paramref name="otherwise"/> where it is None or missing.</summary>
    public static string? Text(object? argument, string function, string? otherwise = null) => argument switch
    {
        null or None => otherwise,
        string text => text,
        _ => throw new JinjaFault($"{function}() needs a text, not a value of type '{Operations.TypeName(argument)}'"),
    };

    /// <summary>An integer among the bound arguments; <paramref name="otherwise"/> where it is None or missing.</summary>
    public static long Integer(object? argument, string function, long otherwise = 0) => argument switch
    {
        null or None => otherwise,
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => throw new JinjaFault($"{function}() needs an integer, not a value of type '{Operations.TypeName(argument)}'"),
    };

    public static bool Flag(object? argument) => argument is not null && Operations.IsTrue(argument);

    /// <summary>A required argument.</summary>
    public static object Required(object? argument, string function, string parameter) =>
        argument ?? throw new JinjaFault($"{function}() misses its argument '{parameter}'");
}
