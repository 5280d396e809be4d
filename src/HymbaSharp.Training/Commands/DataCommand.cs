using System.CommandLine;
using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.CommandLine;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Commands;

/// <summary>What data files hold, before anything is trained on them.</summary>
internal sealed class DataCommand : ToolCommand
{
    private readonly Argument<string[]> _files = new("FILES") { Description = "The data files.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _model = new("--model", "-m") { Description = "The model whose tokenizer and chat template are used: a folder, or a name that 'hymba list' shows.", HelpName = "MODEL" };
    private readonly Option<bool> _pairs = new("--pairs") { Description = "Read pairs of replies, as dpo does." };
    private readonly Option<int?> _longest = NumberOption.Of<int>("--max-length", "Count examples of more tokens than this as too long, 2 or more. Default: no limit.");
    private readonly Option<int?> _show = NumberOption.Of<int>("--show", "Show so many examples, what is learned in brackets. Default: 0.");

    public DataCommand(Terminal terminal) : base("data", "Checks data files as a run does, and says what they hold, what is left out, and why.", terminal)
    {
        Add(_files);
        foreach (Option option in (Option[])[_model, _pairs, _longest, _show])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train data chats.jsonl -m nvidia/Hymba-1.5B-Instruct",
        "hymba-train data pairs.jsonl --pairs --max-length 2048 --show 2",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        Tokenizer tokenizer = Tokenizer.Load(ModelLocation.Find(line.GetValue(_model)));
        ChatTemplate? template = tokenizer.ChatTemplate is { } source ? ChatTemplate.Parse(source) : null;
        DataOptions options = new()
        {
            Sources = [.. line.GetRequiredValue(_files).Select(file => new DataSource { Paths = [file] })],
            MaxTokens = line.GetValue(_longest),
            LongExamples = LongExamples.Skip,
            BadLines = BadLines.Skip,
        };
        (DataReport report, IEnumerable<TrainingExample> sequences) = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Reading", show => Task.Run(
            () =>
            {
                ImmediateProgress<double> progress = new(done => show(done, ""));
                if (!line.GetValue(_pairs))
                {
                    TrainingSet<TrainingExample> examples = ExampleSet.Open(options, tokenizer, template, progress, cancellationToken);
                    return (examples.Report, Enumerable.Range(0, examples.Count).Select(i => examples[i]));
                }
                TrainingSet<PreferencePair> pairs = PreferenceSet.Open(options, tokenizer, template, progress, cancellationToken);
                return (pairs.Report, Enumerable.Range(0, pairs.Count).Select(i => pairs[i]).SelectMany(pair => new[] { pair.Chosen, pair.Rejected }));
            },
            cancellationToken));
        await Terminal.Output.WriteLineAsync(report.ToString());
        foreach (TrainingExample sequence in sequences.Take(line.GetValue(_show) ?? 0))
            await Terminal.Output.WriteLineAsync($"\n{Marked(sequence, tokenizer)}");
    }

    /// <summary>The text, ⟦ and ⟧ around what is learned.</summary>
    private static string Marked(TrainingExample example, Tokenizer tokenizer)
    {
        System.Text.StringBuilder text = new();
        for (int start = 0, end; start < example.Tokens.Length; start = end)
        {
            end = start;
            while (end < example.Tokens.Length && example.Learned[end] == example.Learned[start])
                end++;
            string stretch = tokenizer.Decode(example.Tokens.AsSpan(start..end));
            _ = text.Append(example.Learned[start] ? $"⟦{stretch}⟧" : stretch);
        }
        return text.ToString();
    }
}
