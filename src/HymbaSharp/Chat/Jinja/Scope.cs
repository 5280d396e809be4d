namespace HymbaSharp.Chat.Jinja;

/// <summary>The variables of a loop's pass, a macro's call or a block, in front of those around it.</summary>
internal sealed class Scope(Scope? around)
{
    private Dictionary<string, object>? _variables;

    public object? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Around)
        {
            if (scope._variables is { } variables && variables.TryGetValue(name, out object? value))
                return value;
        }
        return null;
    }

    private Scope? Around => around;

    public void Set(string name, object value) => (_variables ??= new(StringComparer.Ordinal))[name] = value;
}
