using System.CommandLine;
using System.CommandLine.Help;

namespace HymbaSharp.CommandLine;

/// <summary>The root command of a tool, whose commands are <see cref="ToolCommand"/>s. Without a command it shows its help.</summary>
internal sealed class ToolRoot : RootCommand
{
    /// <summary>A root without commands yet.</summary>
    /// <param name="tool">The tool's name, as it is typed.</param>
    /// <param name="summary">What it does, in one sentence.</param>
    /// <param name="verbose">What <c>--verbose</c> adds.</param>
    /// <param name="terminal">Where help is written.</param>
    public ToolRoot(string tool, string summary, string verbose, Terminal terminal) : base(summary)
    {
        Tool = tool;
        Verbose = new Option<bool>("--verbose") { Description = verbose, Recursive = true };
        Add(Verbose);
        HelpWithExamples help = new(terminal);
        Options.OfType<HelpOption>().Single().Action = help;
        SetAction(help.Invoke);
    }

    /// <summary>The tool's name, as it is typed; errors begin with it.</summary>
    public string Tool { get; }

    /// <summary>Whether to say more; every command takes it.</summary>
    public Option<bool> Verbose { get; }

    /// <summary>Lines that end the tool's own help.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
