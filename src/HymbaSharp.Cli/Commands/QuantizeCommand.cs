using System.CommandLine;
using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.Cli.Options;
using HymbaSharp.Weights;

namespace HymbaSharp.Cli.Commands;

/// <summary>A quantised copy of a model.</summary>
internal sealed class QuantizeCommand : ToolCommand
{
    private readonly ModelOption _model;
    private readonly Option<string> _scheme = new("--to") { Description = "The recipe: q8 (8.25 bits a weight) or q4 (4.5 bits).", HelpName = "SCHEME", Required = true };
    private readonly Option<string> _out = new("--out", "-o") { Description = "The folder to write; it must not exist, or be empty.", HelpName = "DIR", Required = true };

    public QuantizeCommand(Terminal terminal) : base("quantize", "Writes a copy of a model with its matrices in 8 or 4 bits.", terminal)
    {
        _ = _scheme.AcceptOnlyFromAmong(QuantizationOption.Names);
        _model = new ModelOption(this);
        Add(_scheme);
        Add(_out);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba quantize -m ./checkpoint --to q4 -o ./checkpoint-q4",
        "hymba quantize -m nvidia/Hymba-1.5B-Instruct --to q8 -o ./hymba-q8",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string source = _model.Folder(line), folder = line.GetRequiredValue(_out);
        QuantizationScheme scheme = QuantizationOption.Parse(line.GetRequiredValue(_scheme));
        long start = Stopwatch.GetTimestamp();
        _ = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Quantising", report => Task.Run(() =>
        {
            CheckpointQuantizer.Write(source, folder, scheme, new ImmediateProgress<double>(fraction => report(fraction, "")), cancellationToken);
            return true;
        }, CancellationToken.None));
        using Checkpoint before = Checkpoint.Open(source), after = Checkpoint.Open(folder);
        long was = before.Files.Sum(file => file.Length), now = after.Files.Sum(file => file.Length);
        await Terminal.Error.WriteLineAsync(
            $"{folder}: {Sizes.Bytes(now)} in place of {Sizes.Bytes(was)}, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s. 'hymba compare -m {folder} --reference {source} -f TEXT' measures what was lost.");
    }
}
