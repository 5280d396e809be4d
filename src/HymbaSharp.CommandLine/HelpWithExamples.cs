using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace HymbaSharp.CommandLine;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples(Terminal terminal) : SynchronousCommandLineAction
{
    private const int MostReadableWidth = 120;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = new HelpAction { MaxWidth = Math.Min(terminal.Console.Profile.Width, MostReadableWidth) }.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ToolCommand command)
        {
            terminal.Output.WriteLine("Examples:");
            foreach (string example in command.Examples)
                terminal.Output.WriteLine($"  {example}".TrimEnd());
        }
        else if (parseResult.CommandResult.Command is ToolRoot root)
        {
            foreach (string line in root.Notes)
                terminal.Output.WriteLine(line);
        }
        return code;
    }
}
