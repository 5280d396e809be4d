using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Tests.Logging;
using HymbaSharp.Training.Tests.Options;

namespace HymbaSharp.Training.Tests.Commands;

public sealed class PlotCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public PlotCommandTests()
    {
        using MetricsFile metrics = MetricsFile.Open(_folder.File("metrics.jsonl"), 0);
        for (int step = 1; step <= 20; step++)
            metrics.Write(Records.Of(step, 5.0 / step));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_runs_folder_becomes_its_picture()
    {
        TrainToolRun run = TrainToolRun.Of("plot", _folder.Path);
        Assert.Equal((0, "", $"{_folder.File("loss.png")}: steps 1 to 20.\n"), (run.Code, run.Output, run.Error));
        Assert.Equal((LossPlot.Width, LossPlot.Height), Png.Size(_folder.File("loss.png")));
    }

    [Fact]
    public void A_part_of_a_run_goes_where_it_is_told()
    {
        string picture = _folder.File("late.png");
        Assert.Equal($"{picture}: steps 10 to 20.\n", TrainToolRun.Of("plot", _folder.File("metrics.jsonl"), "--from", "10", "-o", picture, "--title", "late").Error);
        _ = Png.Size(picture);
    }

    [Fact]
    public void What_cannot_be_drawn_is_refused()
    {
        Assert.Contains(_folder.File("nowhere"), TrainToolRun.Of("plot", _folder.File("nowhere")).Failure(ToolRunner.Failed), StringComparison.Ordinal);
        Assert.Contains("there are no records from step 21", TrainToolRun.Of("plot", _folder.Path, "--from", "21").Failure(ToolRunner.Failed), StringComparison.Ordinal);
        Assert.Equal("--from is -1; allowed: 0 or more.", TrainToolRun.Of("plot", _folder.Path, "--from", "-1").Failure(ToolRunner.Misused));
        string wrong = _folder.Write("wrong.jsonl", "no JSON\n");
        Assert.Contains($"{wrong}, line 1: ", TrainToolRun.Of("plot", wrong).Failure(ToolRunner.Failed), StringComparison.Ordinal);
    }
}
