namespace HymbaSharp.Training.Options;

/// <summary>Which values of its kind an option may have.</summary>
/// <param name="Allowed">They in words, for help and error messages; empty where the kind says all.</param>
/// <param name="Holds">Whether a value, in a list each of its items, is one of them.</param>
internal sealed record OptionRange(string Allowed, Func<object, bool> Holds)
{
    /// <summary>All.</summary>
    public static readonly OptionRange Any = new("", _ => true);

    /// <summary>Texts that are not empty.</summary>
    public static readonly OptionRange NotEmpty = new("a text that is not empty", value => value is string { Length: > 0 });

    /// <summary>Numbers from <paramref name="least"/>, finite.</summary>
    public static OptionRange From(double least) => new($"{least} or more", Numbers(number => number >= least));

    /// <summary>Numbers above <paramref name="bound"/>, finite.</summary>
    public static OptionRange Above(double bound) => new($"above {bound}", Numbers(number => number > bound));

    /// <summary>Numbers from one to another, both included.</summary>
    public static OptionRange Between(double least, double most) => new($"{least} to {most}", Numbers(number => number >= least && number <= most));

    /// <summary>Numbers from one to below another.</summary>
    public static OptionRange Below(double least, double bound) => new($"{least} to below {bound}", Numbers(number => number >= least && number < bound));

    private static Func<object, bool> Numbers(Func<double, bool> holds) =>
        value => value is long whole ? holds(whole) : value is double number && double.IsFinite(number) && holds(number);
}
