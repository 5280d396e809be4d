using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Tests.Options;

namespace HymbaSharp.Training.Tests.Logging;

public sealed class LossPlotTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Runs => ["whole", "no record", "one record", "evaluations alone", "nothing finite", "one value throughout"];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Any_run_becomes_a_picture_of_the_same_size(string run)
    {
        StepRecord[] records = run switch
        {
            "whole" => [.. Enumerable.Range(1, 300).Select(step => Records.Of(step, 2 + (5.0 / step)) with { Extras = Evaluation(step % 50 == 0 ? 3 : null) })],
            "no record" => [],
            "one record" => [Records.Of(1)],
            "evaluations alone" => [new() { Step = 0, Tokens = 0, Seconds = 0, Extras = Evaluation(3) }],
            "nothing finite" => [Records.Of(1, double.NaN), Records.Of(2, double.PositiveInfinity) with { LearningRate = double.NaN }],
            _ => [.. Enumerable.Range(1, 10).Select(step => Records.Of(step) with { LearningRate = 0 })],
        };
        string path = _folder.File("loss.png");
        File.WriteAllText(path, "old");
        LossPlot.Write(records, path, "title");
        Assert.Equal((LossPlot.Width, LossPlot.Height), Png.Size(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Smoothing_keeps_what_is_constant_and_lags_behind_nothing()
    {
        Assert.All(LossPlot.Smooth([.. Enumerable.Repeat(3.5, 20)], 5), value => Assert.Equal(3.5, value, 12));
        double[] spike = LossPlot.Smooth([.. Enumerable.Range(0, 41).Select(i => i == 20 ? 1.0 : 0)], 5);
        Assert.Equal(20, Array.IndexOf(spike, spike.Max()));
        for (int distance = 1; distance < 8; distance++)
            Assert.Equal(spike[20 - distance], spike[20 + distance], 3);
        Assert.Empty(LossPlot.Smooth([], 5));
    }

    [Fact]
    public void A_picture_that_cannot_be_drawn_does_not_end_the_run()
    {
        string metrics = _folder.Write("metrics.jsonl", "damaged\n");
        List<string> said = [];
        using (LossPlotWriter writer = new(metrics, _folder.File("loss.png"), "title", said.Add))
        {
            writer.Write(Records.Of(1));
            writer.Flush();
            writer.Write(Records.Of(2));
            writer.Flush();
        }
        Assert.Contains("no longer drawn", Assert.Single(said), StringComparison.Ordinal);
    }

    private static Dictionary<string, double> Evaluation(double? loss) => loss is { } value ? new() { ["eval_loss"] = value } : [];
}
