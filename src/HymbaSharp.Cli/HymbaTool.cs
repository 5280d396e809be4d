using HymbaSharp.Cli.Commands;

namespace HymbaSharp.Cli;

/// <summary>The <c>hymba</c> tool: its commands.</summary>
internal static class HymbaTool
{
    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code: 0 where all went well.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal) => ToolRunner.RunAsync(Root(terminal), args, terminal);

    /// <summary>All commands.</summary>
    internal static ToolRoot Root(Terminal terminal)
    {
        ToolRoot root = new(
            "hymba", "Runs Hymba language models on this machine's processor.", "Say more: an error's stack trace, statistics after each reply of a chat.", terminal)
        {
            Notes =
            [
                "A model is a folder with config.json, a name that 'hymba list' shows, or, where none is named,",
                "the one in models/hymba-demo. 'hymba COMMAND --help' tells more about a command, with examples.",
            ],
        };
        root.Add(new ChatCommand(terminal, root.Verbose));
        root.Add(new GenerateCommand(terminal));
        root.Add(new ServeCommand(terminal));
        root.Add(new BakeCommand(terminal));
        root.Add(new PullCommand(terminal));
        root.Add(new ListCommand(terminal));
        root.Add(new RemoveCommand(terminal));
        root.Add(new InspectCommand(terminal));
        root.Add(new TokenizeCommand(terminal));
        root.Add(new LogitsCommand(terminal));
        root.Add(new InitCommand(terminal));
        root.Add(new QuantizeCommand(terminal));
        root.Add(new CompareCommand(terminal));
        root.Add(new BenchCommand(terminal));
        return root;
    }
}
