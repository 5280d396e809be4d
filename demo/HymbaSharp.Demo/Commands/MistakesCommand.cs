using System.CommandLine;
using System.Text.Json;
using HymbaSharp.Checkpoints;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Evaluation;

namespace HymbaSharp.Demo.Commands;

/// <summary>Writes preference pairs of right answers and the model's own wrong ones.</summary>
internal sealed class MistakesCommand : Command
{
    private const ulong DefaultSeed = 7;
    private const int DefaultCount = 3000;

    private readonly CorpusDraw _draw = new("the conversations");
    private readonly Option<string?> _model = EvaluateCommand.ModelOption();
    private readonly Option<ulong> _seed = new("--seed") { Description = "What the conversations are drawn from, any whole number.", DefaultValueFactory = _ => DefaultSeed };
    private readonly Option<int> _count = CorpusCommand.Count("--count", "Conversations, 0 or more.", DefaultCount);
    private readonly Option<Measure[]> _skip = new("--skip")
    {
        Description = "Kinds of answers that give no pairs: where a model's mistakes go one way, pairs of them all can turn it over.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _balance = new("--balance")
    {
        Description = "Give as many pairs that teach to say that a passage doesn't say as pairs that teach not to.",
    };

    private readonly Option<string> _out = new("--out", "-o") { Description = "The file to write, as dpo.jsonl.", Required = true, HelpName = "FILE" };

    private readonly TextWriter _error;

    public MistakesCommand(TextWriter error) : base("mistakes", "Lets a model answer in conversations of the training split and writes its wrong replies beside the right ones, as pairs for DPO.")
    {
        _error = error;
        Add(_model);
        Add(_seed);
        Add(_count);
        _draw.AddTo(this);
        Add(_skip);
        Add(_balance);
        Add(_out);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string path = line.GetRequiredValue(_out), unfinished = path + ".unfinished";
        using HymbaModel model = HymbaModel.Load(ModelLocation.Find(line.GetValue(_model)));
        CorpusOptions options = new()
        {
            Seed = line.GetValue(_seed),
            Conversations = line.GetValue(_count),
            Shares = _draw.Shares(line),
            Wordings = _draw.Wordings(line),
        };
        AbsentBalance? balance = line.GetValue(_balance) ? new() : null;
        Mistakes mistakes = new(model, options, line.GetRequiredValue(_skip));
        int pairs = 0;
        await using (FileStream file = File.Create(unfinished))
        {
            await using Utf8JsonWriter json = new(file, CorpusWriter.Format);
            await foreach (PreferencePair found in mistakes.FindAsync(cancellationToken))
            {
                foreach (PreferencePair pair in balance?.Add(found) ?? [found])
                {
                    json.WriteStartObject();
                    CorpusWriter.WritePair(json, pair);
                    json.WriteEndObject();
                    await json.FlushAsync(cancellationToken);
                    json.Reset();
                    file.WriteByte((byte)'\n');
                    if (++pairs % 100 == 0)
                        await _error.WriteLineAsync($"{pairs} pairs");
                }
            }
        }
        File.Move(unfinished, path, overwrite: true);
        await _error.WriteLineAsync($"{path}: {pairs} pairs of {line.GetValue(_count)} conversations");
    }
}
