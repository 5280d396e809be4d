using System.Text.RegularExpressions;

namespace HymbaSharp.Adapters;

/// <summary>A regular expression over the names of modules. It comes from a file, so it may be wrong, or too slow to be used.</summary>
internal sealed class ModulePattern
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly string _key;
    private readonly Regex _regex;

    private ModulePattern(string key, string text, string expression)
    {
        _key = key;
        Text = text;
        try
        {
            _regex = new Regex(expression, RegexOptions.CultureInvariant, Longest);
        }
        catch (ArgumentException error)
        {
            throw new AdapterException($"{key}: \"{text}\" is no regular expression: {error.Message}", error);
        }
    }

    /// <summary>The expression as the file has it.</summary>
    public string Text { get; }

    /// <summary>Matches names as a whole.</summary>
    /// <param name="key">What errors call it.</param>
    /// <param name="text">The expression.</param>
    public static ModulePattern OfWhole(string key, string text) => new(key, text, $@"\A(?:{text})\z");

    /// <summary>Matches names as a whole or from a dot to their end.</summary>
    /// <param name="key">What errors call it.</param>
    /// <param name="text">The expression.</param>
    public static ModulePattern OfEnd(string key, string text) => new(key, text, $@"\A(?:.*\.)?(?:{text})\z");

    public bool Matches(string module)
    {
        try
        {
            return _regex.IsMatch(module);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new AdapterException($"{_key}: \"{Text}\" takes more than {Longest.TotalSeconds} s to compare with {module}.", error);
        }
    }
}
