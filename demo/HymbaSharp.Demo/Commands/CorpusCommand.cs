using System.CommandLine;
using HymbaSharp.Demo.Corpus;

namespace HymbaSharp.Demo.Commands;

/// <summary>Writes the corpus.</summary>
internal sealed class CorpusCommand : Command
{
    private static readonly CorpusOptions Defaults = new();

    private readonly Option<string> _folder = new("--out", "-o") { Description = "The folder to write into; created where needed.", Required = true, HelpName = "DIR" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "What everything is drawn from, any whole number.", DefaultValueFactory = _ => Defaults.Seed };
    private readonly Option<int> _documents = Count("--pretrain", "Documents of pretraining, 0 or more.", Defaults.Documents);
    private readonly Option<int> _conversations = Count("--sft", "Conversations of fine-tuning, 0 or more.", Defaults.Conversations);
    private readonly CorpusDraw _draw = new("--sft and --dpo");
    private readonly Option<int> _pairs = Count("--dpo", "Pairs of preference, 0 or more.", Defaults.Pairs);
    private readonly Option<int> _questions = Count("--eval", "Held-out questions of each skill, 0 or more.", Defaults.Questions);

    public CorpusCommand(TextWriter error) : base("corpus", "Writes the corpus: pretrain.jsonl, sft.jsonl, dpo.jsonl and held-out eval-*.jsonl.")
    {
        Add(_folder);
        Add(_seed);
        Add(_documents);
        Add(_conversations);
        _draw.AddTo(this);
        Add(_pairs);
        Add(_questions);
        SetAction(line =>
        {
            string folder = line.GetRequiredValue(_folder);
            new CorpusWriter(new CorpusOptions
            {
                Seed = line.GetValue(_seed),
                Documents = line.GetValue(_documents),
                Conversations = line.GetValue(_conversations),
                Shares = _draw.Shares(line),
                Wordings = _draw.Wordings(line),
                Pairs = line.GetValue(_pairs),
                Questions = line.GetValue(_questions),
            }).Write(folder);
            foreach (string file in Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal))
                error.WriteLine($"{Path.GetFileName(file)}: {new FileInfo(file).Length:N0} bytes");
        });
    }

    internal static Option<int> Count(string name, string description, int byDefault)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => byDefault, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
                result.AddError($"{name} is {result.GetValueOrDefault<int>()}; allowed is 0 or more.");
        });
        return option;
    }
}
