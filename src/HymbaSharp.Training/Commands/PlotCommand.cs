using System.CommandLine;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;

namespace HymbaSharp.Training.Commands;

/// <summary>The picture of a run's losses.</summary>
internal sealed class PlotCommand : ToolCommand
{
    private readonly Argument<string> _metrics = new("RUN") { Description = $"A run's output folder, or its {MetricsFile.FileName}." };
    private readonly Option<string?> _out = new("--out", "-o") { Description = $"The PNG file to write. Default: {LossPlot.FileName} beside the records.", HelpName = "FILE" };
    private readonly Option<long?> _from = NumberOption.Of<long>("--from", "The first step to show, 0 or more: the first ones often hide what follows. Default: 0.");
    private readonly Option<string?> _title = new("--title") { Description = "What stands above the picture. Default: the folder's name.", HelpName = "TEXT" };

    public PlotCommand(Terminal terminal) : base("plot", "Draws the training loss, the evaluation loss and the learning rate of a run to a PNG file.", terminal)
    {
        Add(_metrics);
        foreach (Option option in (Option[])[_out, _from, _title])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train plot runs/first",
        "hymba-train plot runs/first/metrics.jsonl --from 500 -o late.png",
    ];

    protected override Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        long from = line.GetValue(_from) ?? 0;
        if (from < 0)
            throw new UsageException($"--from is {from}; allowed: 0 or more.");
        string metrics = Path.GetFullPath(line.GetRequiredValue(_metrics));
        if (Directory.Exists(metrics))
            metrics = Path.Combine(metrics, MetricsFile.FileName);
        string folder = Path.GetDirectoryName(metrics)!;
        StepRecord[] records = [.. MetricsFile.Read(metrics).Where(record => record.Step >= from)];
        if (records.Length == 0)
            throw new MetricsException($"{metrics}: there are no records{(from > 0 ? $" from step {from}" : "")}.");
        string picture = line.GetValue(_out) ?? Path.Combine(folder, LossPlot.FileName);
        LossPlot.Write(records, picture, line.GetValue(_title) ?? Path.GetFileName(folder));
        Terminal.Error.WriteLine($"{picture}: steps {records[0].Step} to {records[^1].Step}.");
        return Task.CompletedTask;
    }
}
