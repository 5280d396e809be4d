using System.CommandLine;

namespace HymbaSharp.CommandLine;

/// <summary>A command of the tool: its name, what it does in one sentence, and examples of its use.</summary>
internal abstract class ToolCommand : Command
{
    protected ToolCommand(string name, string summary, Terminal terminal) : base(name, summary)
    {
        Terminal = terminal;
        SetAction(RunAsync);
    }

    /// <summary>Command lines that show what the command is for.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    protected Terminal Terminal { get; }

    /// <summary>What is wrong with a command line that does not parse, where the command knows better than the parser; null elsewhere.</summary>
    public virtual string? Explain(ParseResult line) => null;

    protected abstract Task RunAsync(ParseResult line, CancellationToken cancellationToken);
}
