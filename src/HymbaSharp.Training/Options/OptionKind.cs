using System.Globalization;

namespace HymbaSharp.Training.Options;

/// <summary>
/// What the value of an option is. A file's value is a string, a bool, a long, a double or a list of such; a word of the command line
/// becomes one first, so that both are read in the same way.
/// </summary>
/// <param name="Expected">What is expected, for error messages.</param>
/// <param name="HelpName">What stands for the value in help.</param>
internal abstract record OptionKind(string Expected, string HelpName)
{
    /// <summary>Any text.</summary>
    public static readonly OptionKind Text = new TextKind();

    /// <summary>A file or folder; relative ones start from the run file's folder, or from the current one on the command line.</summary>
    public static readonly OptionKind Path = new PathKind();

    /// <summary>A 64-bit integer.</summary>
    public static readonly OptionKind Whole = new WholeKind();

    /// <summary>A double.</summary>
    public static readonly OptionKind Number = new NumberKind();

    /// <summary>True or false.</summary>
    public static readonly OptionKind Switch = new SwitchKind();

    /// <summary>A <see cref="StepSpan"/>.</summary>
    public static readonly OptionKind Span = new SpanKind();

    /// <summary>Whether the value is a list.</summary>
    public virtual bool IsList => false;

    /// <summary>One of several names.</summary>
    public static OptionKind Choice(IReadOnlyList<string> names) => new ChoiceKind(names);

    /// <summary>A list; a value alone is a list of one.</summary>
    public static OptionKind List(OptionKind item) => new ListKind(item);

    /// <summary>The option's value that a file's value stands for; null where it is of another kind.</summary>
    /// <param name="value">The file's value.</param>
    /// <param name="folder">Where relative paths start.</param>
    public abstract object? Read(object value, string folder);

    /// <summary>The file's value that stands for an option's value.</summary>
    public virtual object Write(object value) => value;

    /// <summary>The file's value that a word of the command line stands for; the word itself where it is of another kind.</summary>
    public virtual object Parse(string word) => word;

    /// <summary>An option's value or a file's value as people read it.</summary>
    public static string Show(object value) => value switch
    {
        string text => $"'{text}'",
        bool flag => flag ? "true" : "false",
        double number => number.ToString(CultureInfo.InvariantCulture).Replace('E', 'e'),
        StepSpan span => Show(Span.Write(span)),
        IEnumerable<object> list => $"[{string.Join(", ", list.Select(Show))}]",
        IReadOnlyDictionary<string, object> => "a table",
        _ => $"{value}",
    };

    private sealed record TextKind() : OptionKind("a text", "TEXT")
    {
        public override object? Read(object value, string folder) => value as string;
    }

    private sealed record PathKind() : OptionKind("a path", "PATH")
    {
        // An empty path is left for the check of the option's range to refuse.
        public override object? Read(object value, string folder) =>
            value is string path ? path.Length == 0 ? path : System.IO.Path.GetFullPath(path, folder) : null;
    }

    private sealed record WholeKind() : OptionKind("a whole number", "N")
    {
        public override object? Read(object value, string folder) => value is long ? value : null;

        public override object Parse(string word) => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : word;
    }

    private sealed record NumberKind() : OptionKind("a number", "N")
    {
        public override object? Read(object value, string folder) => value is long whole ? (double)whole : value as double?;

        public override object Parse(string word) => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : word;
    }

    private sealed record SwitchKind() : OptionKind("true or false", "true|false")
    {
        public override object? Read(object value, string folder) => value is bool ? value : null;

        public override object Parse(string word) => bool.TryParse(word, out bool flag) ? flag : word;
    }

    private sealed record ChoiceKind(IReadOnlyList<string> Names) : OptionKind($"one of {string.Join(", ", Names)}", "NAME")
    {
        public override object? Read(object value, string folder) => value is string name && Names.Contains(name) ? name : null;
    }

    private sealed record SpanKind() : OptionKind("a whole number of steps, or a share of all steps below 1", "N")
    {
        public override object? Read(object value, string folder) => value switch
        {
            long steps and >= 0 => StepSpan.OfSteps(steps),
            double share and >= 0 and < 1 => StepSpan.OfShare(share),
            _ => null,
        };

        public override object Write(object value) => value is StepSpan { Share: > 0 and double share } ? (object)share : ((StepSpan)value).Count;

        public override object Parse(string word) => Whole.Parse(word) is long steps ? steps : Number.Parse(word);
    }

    private sealed record ListKind(OptionKind Item) : OptionKind($"{Item.Expected}, or a list of such", Item.HelpName)
    {
        public override bool IsList => true;

        public override object? Read(object value, string folder)
        {
            IEnumerable<object> items = value as IEnumerable<object> ?? [value];
            object?[] read = [.. items.Select(item => Item.Read(item, folder))];
            return read.Contains(null) ? null : read;
        }

        public override object Write(object value) => ((IEnumerable<object>)value).Select(Item.Write).ToArray();

        public override object Parse(string word) => Item.Parse(word);
    }
}
