using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;

namespace HymbaSharp.CommandLine;

/// <summary>Options and arguments that are numbers.</summary>
internal static class NumberOption
{
    /// <summary>An option whose value is a number; null where it is not given. Its range is for whoever takes it to check.</summary>
    public static Option<T?> Of<T>(string name, string description, params string[] aliases) where T : struct, INumberBase<T> =>
        new(name, aliases)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => Parse<T>(result, name),
        };

    private static T? Parse<T>(ArgumentResult result, string name) where T : struct, INumberBase<T>
    {
        string text = result.Tokens[^1].Value;
        if (T.TryParse(text, null, out T number))
            return number;
        bool isWhole = typeof(T) != typeof(float) && typeof(T) != typeof(double);
        result.AddError($"{name} is '{text}'; expected {(isWhole ? "a whole number" : "a number")}");
        return null;
    }
}
