using System.CommandLine;
using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.Cli.Options;
using HymbaSharp.Tokenization;
using HymbaSharp.Weights;

namespace HymbaSharp.Cli.Commands;

/// <summary>A quantised copy of a model.</summary>
internal sealed class QuantizeCommand : ToolCommand
{
    private readonly ModelOption _model;
    private readonly Option<string> _scheme = new("--to") { Description = "The recipe: q8 (8.25 bits a weight) or q4 (4.5 bits).", HelpName = "SCHEME", Required = true };
    private readonly Option<string> _out = new("--out", "-o") { Description = "The folder to write; it must not exist, or be empty.", HelpName = "DIR", Required = true };

    private readonly Option<string?> _calibrate = new("--calibrate") { Description = "A text of the kind the model is for: q4 then spends its bits on the columns that this text uses most.", HelpName = "FILE" };
    private readonly Option<int?> _limit = NumberOption.Of<int>("--calibrate-limit", "Tokens of that text that are used, 1 or more. Default: all.");

    public QuantizeCommand(Terminal terminal) : base("quantize", "Writes a copy of a model with its matrices in 8 or 4 bits.", terminal)
    {
        _ = _scheme.AcceptOnlyFromAmong(QuantizationOption.Names);
        _model = new ModelOption(this);
        Add(_scheme);
        Add(_out);
        Add(_calibrate);
        Add(_limit);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba quantize -m ./checkpoint --to q4 -o ./checkpoint-q4",
        "hymba quantize -m nvidia/Hymba-1.5B-Instruct --to q8 -o ./hymba-q8",
        "hymba quantize -m ./checkpoint --to q4 --calibrate chats.txt -o ./checkpoint-q4",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string source = _model.Folder(line), folder = line.GetRequiredValue(_out);
        QuantizationScheme scheme = QuantizationOption.Parse(line.GetRequiredValue(_scheme));
        CheckpointQuantizer.Validate(source, folder);
        long start = Stopwatch.GetTimestamp();
        Calibration? calibration = await CalibrateAsync(line, source, scheme, cancellationToken);
        _ = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Quantising", report => Task.Run(() =>
        {
            CheckpointQuantizer.Write(source, folder, scheme, calibration, new ImmediateProgress<double>(fraction => report(fraction, "")), cancellationToken);
            return true;
        }, CancellationToken.None));
        using Checkpoint before = Checkpoint.Open(source), after = Checkpoint.Open(folder);
        long was = before.Files.Sum(file => file.Length), now = after.Files.Sum(file => file.Length);
        await Terminal.Error.WriteLineAsync(
            $"{folder}: {Sizes.Bytes(now)} in place of {Sizes.Bytes(was)}, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s. 'hymba compare -m {folder} --reference {source} -f TEXT' measures what was lost.");
    }

    private async Task<Calibration?> CalibrateAsync(ParseResult line, string source, QuantizationScheme scheme, CancellationToken cancellationToken)
    {
        int limit = line.GetValue(_limit) ?? int.MaxValue;
        if (limit < 1)
            throw new UsageException($"--calibrate-limit is {limit}; allowed are 1 or more.");
        if (line.GetValue(_calibrate) is not { } file)
            return line.GetValue(_limit) is null ? null : throw new UsageException("--calibrate-limit needs --calibrate FILE.");
        if (scheme == QuantizationScheme.Q8)
            throw new UsageException("--calibrate is for --to q4: the scales of eight bits follow from the weights alone.");
        string text = await File.ReadAllTextAsync(file, cancellationToken);
        if (string.IsNullOrWhiteSpace(text))
            throw new UsageException($"{file} holds no text to calibrate on.");
        using HymbaModel model = HymbaModel.Load(source, new HymbaModelOptions { UseCache = false });
        Tokenizer tokenizer = model.Tokenizer ?? throw new UsageException($"{source} has no tokenizer to read text with.");
        int[] tokens = tokenizer.Encode(text, addBos: tokenizer.AddBosToken);
        return await ProgressBar.RunAsync(Terminal.ErrorConsole, "Calibrating", report => Task.Run(
            () => Calibration.Run(model, tokens.AsSpan(0, Math.Min(limit, tokens.Length)), progress: new ImmediateProgress<double>(fraction => report(fraction, "")), cancellationToken: cancellationToken), CancellationToken.None));
    }
}
