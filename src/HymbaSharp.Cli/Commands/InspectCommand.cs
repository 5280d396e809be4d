using System.CommandLine;
using HymbaSharp.Checkpoints;
using HymbaSharp.Cli.Inspection;

namespace HymbaSharp.Cli.Commands;

/// <summary>What a checkpoint is, without running it.</summary>
internal sealed class InspectCommand : ToolCommand
{
    private readonly Argument<string?> _name = new("MODEL")
    {
        Description = "A folder with config.json, or a name that 'hymba list' shows; weights need not be there. Default: models/hymba-demo.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _model = new("--model", "-m") { Description = "The model, as an option.", HelpName = "MODEL" };
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON, for other programs; sizes in bytes." };

    public InspectCommand(Terminal terminal) : base("inspect", "Shows a model's architecture, memory, files and layers.", terminal)
    {
        Add(_name);
        Add(_model);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba inspect nvidia/Hymba-1.5B-Instruct",
        "hymba inspect ./my-checkpoint --json",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (line.GetValue(_name) is not null && line.GetValue(_model) is not null)
            throw new UsageException("The model is given twice: as MODEL and with -m.");
        ModelReport report = ModelReport.Of(ModelLocation.Find(line.GetValue(_name) ?? line.GetValue(_model)));
        if (line.GetValue(_json))
            await Terminal.Output.WriteLineAsync(ReportJson.Of(report));
        else
            new ReportText(Terminal.Console).Write(report);
    }
}
