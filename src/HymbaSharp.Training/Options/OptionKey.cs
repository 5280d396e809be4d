using System.CommandLine;

namespace HymbaSharp.Training.Options;

/// <summary>One option of a run: its key in a run file, its flag on the command line, what it means and which values it may have.</summary>
/// <param name="Section">The table of the file that holds the key.</param>
/// <param name="Name">The key, in lower case, words joined by <c>_</c>.</param>
/// <param name="Flag">The flag, with its two dashes.</param>
/// <param name="Meaning">What it does, in help.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Range">Which values are allowed.</param>
/// <param name="Get">The value in given options; null where it is unset.</param>
/// <param name="Set">Given options with another value.</param>
internal sealed record OptionKey(
    string Section, string Name, string Flag, string Meaning, OptionKind Kind, OptionRange Range,
    Func<TrainingOptions, object?> Get, Func<TrainingOptions, object, TrainingOptions> Set)
{
    private static readonly TrainingOptions Defaults = new();

    /// <summary>How the key is named outside of its section.</summary>
    public string FullName => $"{Section}.{Name}";

    /// <summary>The help of the flag.</summary>
    public string Description
    {
        get
        {
            string allowed = Range == OptionRange.Any || Range == OptionRange.NotEmpty ? "" : $" ({(Kind.IsList ? "each " : "")}{Range.Allowed})";
            string many = Kind.IsList ? " May be given several times." : "";
            object? initial = Get(Defaults);
            string otherwise = initial is null or object[] { Length: 0 } ? "" : $" Default: {OptionKind.Show(initial).Trim('[', ']').Replace("'", "")}.";
            return $"[{Section}] {Name}: {Meaning}{allowed}.{many}{otherwise}";
        }
    }

    /// <summary>Takes over a value of a file or of the command line.</summary>
    /// <param name="options">The options so far.</param>
    /// <param name="value">The value as the file has it.</param>
    /// <param name="folder">Where relative paths start.</param>
    /// <param name="name">What the option is called in an error message.</param>
    /// <exception cref="TrainingOptionsException">It is of another kind, or out of range.</exception>
    public TrainingOptions Read(TrainingOptions options, object value, string folder, string name)
    {
        object read = Kind.Read(value, folder) ?? throw new TrainingOptionsException($"{name} is {OptionKind.Show(value)}; expected {Kind.Expected}.");
        CheckRange(read, name);
        return Set(options, read);
    }

    /// <summary>Checks the value in given options.</summary>
    /// <exception cref="TrainingOptionsException">It is out of range.</exception>
    public void Validate(TrainingOptions options)
    {
        if (Get(options) is { } value)
            CheckRange(value, FullName);
    }

    /// <summary>The flag. What stands behind it is for <see cref="Parse"/> to read.</summary>
    public Option ToFlag()
    {
        // The parser takes the word behind a switch only where it is true or false, and any word behind the others.
        Option flag = Kind == OptionKind.Switch ? new Option<bool>(Flag) : Kind.IsList ? new Option<string[]>(Flag) { Arity = ArgumentArity.OneOrMore } : new Option<string>(Flag);
        flag.Description = Description;
        flag.HelpName = Kind.HelpName;
        return flag;
    }

    /// <summary>The value as a file has it that the words behind a flag stand for. A switch without a word is on.</summary>
    public object Parse(IReadOnlyList<string> words) =>
        Kind.IsList ? words.Select(Kind.Parse).ToArray() : words.Count == 0 ? true : Kind.Parse(words[0]);

    private void CheckRange(object value, string name)
    {
        bool isAllowed = value is object[] items ? items.All(Range.Holds) : Range.Holds(value);
        if (!isAllowed)
            throw new TrainingOptionsException($"{name} is {OptionKind.Show(value)}; allowed: {Range.Allowed}.");
    }
}
