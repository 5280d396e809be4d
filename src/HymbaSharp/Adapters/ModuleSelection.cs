using System.Collections.Immutable;

namespace HymbaSharp.Adapters;

/// <summary>A choice of modules as <c>target_modules</c> makes it: by names, by a regular expression over whole names, or every matrix there is.</summary>
internal sealed class ModuleSelection
{
    /// <summary>The word that stands for every matrix.</summary>
    public const string EveryMatrix = "all-linear";

    private readonly ModulePattern? _pattern;
    private readonly bool _all;

    private ModuleSelection(ImmutableArray<string> names, ModulePattern? pattern, bool all)
    {
        Names = names;
        _pattern = pattern;
        _all = all;
    }

    /// <summary>No module.</summary>
    public static ModuleSelection None { get; } = new([], null, all: false);

    /// <summary>Whole names, or their ends from a dot on.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>The expression or <see cref="EveryMatrix"/>; null where names choose.</summary>
    public string? Text => _all ? EveryMatrix : _pattern?.Text;

    public static ModuleSelection Of(IEnumerable<string> names) => new([.. names], null, all: false);

    /// <param name="key">What errors call it.</param>
    /// <param name="text">A regular expression, or <see cref="EveryMatrix"/>.</param>
    public static ModuleSelection Of(string key, string text) => string.Equals(text, EveryMatrix, StringComparison.OrdinalIgnoreCase)
        ? new([], null, all: true)
        : new([], ModulePattern.OfWhole(key, text), all: false);

    public bool Contains(string module) => _all || (_pattern?.Matches(module) ?? Names.Any(name => EndsWith(module, name)));

    private static bool EndsWith(string module, string name) =>
        module.EndsWith(name, StringComparison.Ordinal) && (module.Length == name.Length || module[^(name.Length + 1)] == '.');
}
