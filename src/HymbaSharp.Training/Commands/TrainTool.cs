using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Commands;

/// <summary>The <c>hymba-train</c> tool: its commands.</summary>
internal static class TrainTool
{
    /// <summary>All commands.</summary>
    /// <param name="terminal">What they read and write.</param>
    /// <param name="train">Trains by options that have been checked. When cancelled it writes a checkpoint and returns.</param>
    public static ToolRoot Root(Terminal terminal, Func<TrainingOptions, RunLog, CancellationToken, Task> train)
    {
        ToolRoot root = new("hymba-train", "Trains Hymba language models.", "Say more: an error's stack trace.", terminal)
        {
            Notes =
            [
                "A run file holds the options of a run in sections, as 'hymba-train run --help' shows them.",
                "'hymba-train COMMAND --help' tells more about a command, with examples.",
            ],
        };
        root.Add(new RunCommand(terminal, train));
        root.Add(new DataCommand(terminal));
        root.Add(new TokenizerCommand(terminal));
        root.Add(new MergeCommand(terminal));
        root.Add(new PlotCommand(terminal));
        root.Add(new BenchCommand(terminal));
        return root;
    }
}
