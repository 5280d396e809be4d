using System.CommandLine;
using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.CommandLine;

namespace HymbaSharp.Training.Commands;

/// <summary>A checkpoint that needs no adapters.</summary>
internal sealed class MergeCommand : ToolCommand
{
    private readonly Option<string?> _model = new("--model", "-m") { Description = "The model the adapters are for: a folder, or a name that 'hymba list' shows.", HelpName = "MODEL", Required = true };
    private readonly Argument<string[]> _adapters = new("ADAPTERS") { Description = "Folders of adapters in the order in which they apply, each with =SCALE behind it where it isn't 1.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _output = new("--output", "-o") { Description = "The folder that the checkpoint goes to; it must hold no weights.", HelpName = "FOLDER", Required = true };
    private readonly Option<string?> _type = new("--dtype") { Description = "The type that weights are written in: bf16, f16 or f32. Default: the model's.", HelpName = "TYPE" };

    public MergeCommand(Terminal terminal) : base("merge", "Writes a checkpoint that computes what a model computes with adapters.", terminal)
    {
        _ = _type.AcceptOnlyFromAmong("bf16", "f16", "f32");
        Add(_adapters);
        foreach (Option option in (Option[])[_model, _output, _type])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train merge runs/sft/final -m nvidia/Hymba-1.5B-Instruct -o merged",
        "hymba-train merge style facts=0.5 -m base -o merged --dtype f32",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string model = ModelLocation.Find(line.GetValue(_model)), output = line.GetRequiredValue(_output);
        AdapterReference[] adapters = [.. line.GetRequiredValue(_adapters).Select(AdapterArgument.Parse)];
        ElementType? type = line.GetValue(_type) switch
        {
            "bf16" => ElementType.BF16,
            "f16" => ElementType.F16,
            "f32" => ElementType.F32,
            _ => null,
        };
        _ = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Merging", report => Task.Run(
            () =>
            {
                AdapterMerge.Write(model, adapters, output, type, new ImmediateProgress<double>(done => report(done, "")), cancellationToken);
                return true;
            },
            cancellationToken));
        await Terminal.Error.WriteLineAsync($"{output}: {model} with {string.Join(", ", adapters.Select(adapter => adapter.Folder))}.");
    }
}
