using System.Runtime.InteropServices;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Tests.Logging;
using HymbaSharp.Training.Tests.Options;

namespace HymbaSharp.Training.Tests.Commands;

public sealed class RunCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_file_alone_describes_a_run()
    {
        string file = _folder.Write("run.toml", RunText.Whole);
        TrainToolRun run = TrainToolRun.Of("run", file);
        Assert.Equal((0, "", ""), (run.Code, run.Output, run.Error));
        Assert.Equal(TrainingOptions.Load(file).ToToml(), run.Options!.ToToml());
    }

    [Fact]
    public void Flags_override_the_file()
    {
        string file = _folder.Write("run.toml", RunText.Whole);
        TrainingOptions options = TrainToolRun.Of(
            "run", file, "--learning-rate", "2e-4", "--pack", "--shuffle", "true", "--keep-best", "false", "--warmup", "0.5",
            "--train", "memory_tokens", "--train", "A_log", "--adapter-rank", "4").Options!;
        Assert.Equal(2e-4, options.Optimizer.LearningRate);
        Assert.True(options.Data.Pack);
        Assert.True(options.Data.Shuffle);
        Assert.False(options.Loop.KeepBest);
        Assert.Equal(StepSpan.OfShare(0.5), options.Optimizer.Warmup);
        Assert.Equal(["memory_tokens", "A_log"], options.Run.Train);
        Assert.Equal(4, options.Adapter.Rank);
        Assert.Equal(5000, options.Optimizer.Steps);
    }

    [Fact]
    public void Every_option_can_be_given_by_its_flag()
    {
        TrainingOptions expected = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole));
        List<string> line = ["run"];
        foreach (OptionKey key in OptionTable.Keys)
        {
            if (key.Get(expected) is not { } value)
                continue;
            foreach (object item in value as object[] ?? [value])
                line.AddRange([key.Flag, item is string text ? text : OptionKind.Show(item)]);
        }
        TrainToolRun run = TrainToolRun.Of([.. line]);
        Assert.Equal("", run.Error);
        Assert.Equal(expected.ToToml(), run.Options!.ToToml());
    }

    [Fact]
    public void Relative_paths_of_flags_start_from_the_current_folder()
    {
        TrainingOptions options = TrainToolRun.Of("run", "--model", "m", "--output", "o", "--train-files", "a", "--train-files", "b").Options!;
        Assert.Equal(Path.GetFullPath("m"), options.Run.Model);
        Assert.Equal([Path.GetFullPath("a"), Path.GetFullPath("b")], options.Data.TrainFiles);
    }

    [Theory]
    [InlineData("run", "run.output (--output) is missing; name the folder that the run writes to.")]
    [InlineData("run --learning-rate 0", "--learning-rate is 0; allowed: above 0.")]
    [InlineData("run --learning-rate -1", "--learning-rate is -1; allowed: above 0.")]
    [InlineData("run --steps many", "--steps is 'many'; expected a whole number.")]
    [InlineData("run --objective rl", "--objective is 'rl'; expected one of lm, sft, dpo.")]
    [InlineData("run --device gpu", "--device is 'gpu'; allowed: cpu, cuda or cuda:N.")]
    [InlineData("run --learning-rat 1", "--learning-rat is no option; the closest is --learning-rate. See 'hymba-train run --help'.")]
    [InlineData("run x.toml --ouptut y", "--ouptut is no option; the closest is --output. See 'hymba-train run --help'.")]
    [InlineData("run a.toml b.toml", "Unrecognized command or argument 'b.toml'. See 'hymba-train run --help'.")]
    [InlineData("run --seed", "Required argument missing for option: '--seed'. See 'hymba-train run --help'.")]
    [InlineData("run --steps 1 --steps 2", "Option '--steps' expects a single argument but 2 were provided. See 'hymba-train run --help'.")]
    [InlineData("bogus", "Unrecognized command or argument 'bogus'. See 'hymba-train --help'.")]
    public void A_wrong_command_line_is_answered_by_one_line(string line, string expected) =>
        Assert.Equal(expected, TrainToolRun.Of(line.Split(' ')).Failure(ToolRunner.Misused));

    [Fact]
    public void What_flags_make_contradict_is_misuse()
    {
        string file = _folder.Write("run.toml", RunText.Least);
        Assert.Contains("data.weights has 1 numbers", TrainToolRun.Of("run", file, "--train-files", "a", "--train-files", "b", "--weights", "1").Failure(ToolRunner.Misused), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_wrong_file_is_named()
    {
        Assert.Contains(_folder.File("nowhere.toml"), TrainToolRun.Of("run", _folder.File("nowhere.toml")).Failure(ToolRunner.Failed), StringComparison.Ordinal);
        string file = _folder.Write("run.toml", "[run]\nouptut = 'x'\n");
        Assert.Equal($"{file}: run.ouptut is no option; the closest is run.output.", TrainToolRun.Of("run", file).Failure(ToolRunner.Failed));
    }

    [Fact]
    public void Ctrl_C_lets_the_loop_write_its_checkpoint_and_ends_with_130()
    {
        string file = _folder.Write("run.toml", RunText.Least);
        using Interrupts interrupts = new();
        bool wroteCheckpoint = false;
        TrainToolRun run = TrainToolRun.Of(interrupts, (options, log, cancellationToken) =>
        {
            log.Start(0, null);
            log.Write(Records.Of(1));
            _ = interrupts.Raise(PosixSignal.SIGINT);
            wroteCheckpoint = cancellationToken.IsCancellationRequested;
            return Task.CompletedTask;
        }, "run", file);
        Assert.True(wroteCheckpoint);
        Assert.Equal(130, run.Code);
        Assert.True(File.Exists(_folder.File("o", "loss.png")));
    }

    [Fact]
    public void An_error_of_the_loop_is_one_line_and_the_records_stay()
    {
        string file = _folder.Write("run.toml", RunText.Least);
        using Interrupts interrupts = new();
        TrainToolRun run = TrainToolRun.Of(interrupts, (_, log, _) =>
        {
            log.Start(0, null);
            throw new TrainingOptionsException("no such parameter");
        }, "run", file);
        Assert.Equal("no such parameter", run.Failure(ToolRunner.Failed));
        Assert.True(File.Exists(_folder.File("o", "metrics.jsonl")));
    }
}
