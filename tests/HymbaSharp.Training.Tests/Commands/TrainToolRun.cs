using HymbaSharp.CommandLine;
using HymbaSharp.Training.Commands;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Commands;

/// <summary>A command line of the tool, run inside this process, and what came of it.</summary>
internal sealed record TrainToolRun(int Code, string Output, string Error, TrainingOptions? Options)
{
    /// <summary>The one line on standard error of a command that must have failed, without a result.</summary>
    public string Failure(int code)
    {
        Assert.Equal((code, ""), (Code, Output));
        string line = Error.TrimEnd('\n');
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("hymba-train: ", line, StringComparison.Ordinal);
        return line["hymba-train: ".Length..];
    }

    public static TrainToolRun Of(params string[] args)
    {
        using Interrupts interrupts = new();
        return Of(interrupts, (_, _, _) => Task.CompletedTask, args);
    }

    public static TrainToolRun Of(Interrupts interrupts, Func<TrainingOptions, RunLog, CancellationToken, Task> train, params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        Terminal terminal = Terminal.Of(TextReader.Null, output, error, interrupts);
        TrainingOptions? options = null;
        ToolRoot root = TrainTool.Root(terminal, (given, log, cancellationToken) =>
        {
            options = given;
            return train(given, log, cancellationToken);
        });
        int code = ToolRunner.RunAsync(root, args, terminal).WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
        return new TrainToolRun(code, output.ToString(), error.ToString(), options);
    }
}
