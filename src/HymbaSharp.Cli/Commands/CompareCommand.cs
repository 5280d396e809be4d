using System.CommandLine;
using System.Text.Json;
using HymbaSharp.Cli.Options;
using HymbaSharp.Diagnostics;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Cli.Commands;

/// <summary>What quantising a model, or training it on, changed in its predictions.</summary>
internal sealed class CompareCommand : ToolCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly TextSource _text;
    private readonly ModelOptions _model;
    private readonly Option<string?> _reference = new("--reference") { Description = "The model to be met. Default: the same as the model, not quantised.", HelpName = "MODEL" };
    private readonly Option<int?> _window = NumberOption.Of<int>("--window", "Tokens that are passed as one sequence, 2 or more. Default: 512.");
    private readonly Option<int?> _limit = NumberOption.Of<int>("--limit", "Tokens of the text that are used, 2 or more. Default: all.");
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON in place of text." };

    public CompareCommand(Terminal terminal) : base("compare", "Measures how far a model's predictions are from a reference's over a text.", terminal)
    {
        _text = new TextSource(this, "The text.");
        foreach (Option option in (Option[])[_reference, _window, _limit, _json])
            Add(option);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba compare -m ./checkpoint --quant q4 -f text.txt",
        "hymba compare -m ./checkpoint-q4 --reference ./checkpoint -f text.txt --json",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        int window = AtLeastTwo(line.GetValue(_window) ?? 512, "--window"), limit = AtLeastTwo(line.GetValue(_limit) ?? int.MaxValue, "--limit");
        string? named = line.GetValue(_reference);
        if (named is null && _model.Quantization(line) is null)
            throw new UsageException("There is nothing to compare with: give --reference MODEL, or --quant SCHEME to compare the model with itself.");
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        using HymbaModel reference = _model.LoadReference(line, named, Terminal);
        Tokenizer tokenizer = model.Tokenizer ?? throw new UsageException($"{model.Folder} has no tokenizer to read text with.");
        int[] tokens = tokenizer.Encode(await _text.ReadAsync(line, Terminal, cancellationToken), addBos: tokenizer.AddBosToken);
        tokens = tokens[..Math.Min(tokens.Length, limit)];
        if (tokens.Length < 2)
            throw new UsageException($"The text has {tokens.Length} tokens; at least two are needed.");
        if (reference.Config.VocabularySize != model.Config.VocabularySize)
            throw new UsageException($"{model.Folder} and {reference.Folder} have vocabularies of {model.Config.VocabularySize} and {reference.Config.VocabularySize} tokens; only equal ones can be compared.");
        ModelComparison result = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Comparing", report => Task.Run(
            () => ModelComparison.Run(reference, model, tokens, window, new ImmediateProgress<double>(fraction => report(fraction, "")), cancellationToken), CancellationToken.None));
        await Terminal.Output.WriteLineAsync(line.GetValue(_json)
            ? JsonSerializer.Serialize(result, Indented)
            : $"""
            {result.Tokens} predictions of {model.Folder} against {reference.Folder}
            divergence: {result.MeanDivergence:0.00000} nats in the mean, 99 % below {result.HighDivergence:0.00000}
            same most probable token: {result.SameTop:0.00 %}
            perplexity: {result.Perplexity:0.0000}, reference {result.ReferencePerplexity:0.0000}
            """);
    }

    private static int AtLeastTwo(int value, string option) => value >= 2 ? value : throw new UsageException($"{option} is {value}; allowed are 2 or more.");
}
