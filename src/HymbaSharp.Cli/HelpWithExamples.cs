using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using HymbaSharp.Cli.Commands;

namespace HymbaSharp.Cli;

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
        else
        {
            terminal.Output.WriteLine("A model is a folder with config.json, a name that 'hymba list' shows, or, where none is named,");
            terminal.Output.WriteLine("the one in models/hymba-demo. 'hymba COMMAND --help' tells more about a command, with examples.");
        }
        return code;
    }
}
