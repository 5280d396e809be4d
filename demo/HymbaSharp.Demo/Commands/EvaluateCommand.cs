using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using HymbaSharp.Checkpoints;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Evaluation;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Commands;

/// <summary>Measures a model on held-out questions.</summary>
internal sealed class EvaluateCommand : Command
{
    private const ulong DefaultSeed = 1_000_001;
    private const int DefaultCount = 200;

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<string?> _model = ModelOption();
    private readonly Option<ulong> _seed = new("--seed") { Description = "What the questions are drawn from, any whole number.", DefaultValueFactory = _ => DefaultSeed };
    private readonly Option<int> _count = CorpusCommand.Count("--count", "Questions of each kind, 0 or more.", DefaultCount);
    private readonly Option<Wordings> _wordings = CorpusDraw.WordingsOption("the questions");
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Writes the scores as JSON.", HelpName = "FILE" };
    private readonly Option<string?> _failures = new("--failures") { Description = "Writes what was not right, a line of JSON each.", HelpName = "FILE" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows what was not right, after the table." };

    private readonly TextWriter _output;

    public EvaluateCommand(TextWriter output) : base("evaluate", "Asks a model fresh held-out questions and counts its right answers.")
    {
        _output = output;
        Add(_model);
        Add(_seed);
        Add(_count);
        Add(_wordings);
        Add(_out);
        Add(_failures);
        Add(_verbose);
        SetAction(RunAsync);
    }

    internal static Option<string?> ModelOption() =>
        new("--model", "-m") { Description = "The checkpoint: a folder, or the name of a downloaded one. Default: models/hymba-demo.", HelpName = "FOLDER" };

    private async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string folder = ModelLocation.Find(line.GetValue(_model));
        ulong seed = line.GetValue(_seed);
        using HymbaModel model = HymbaModel.Load(folder);
        HeldOutEvaluation evaluation = new(model, seed, line.GetValue(_count), line.GetValue(_wordings));
        List<Score> scores = [];
        await foreach (Score score in evaluation.RunAsync(cancellationToken))
        {
            scores.Add(score);
            await _output.WriteLineAsync($"{score.Name,-52} {score.Right,5} of {score.Count,5}  {100 * score.Share,5:0.0} %");
        }
        if (line.GetValue(_out) is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { seed, scores }, Readable) + "\n", cancellationToken);
        if (line.GetValue(_failures) is { } failures)
            await File.WriteAllLinesAsync(failures, evaluation.Failures.Select(Describe), cancellationToken);
        if (line.GetValue(_verbose))
            await ShowAsync(evaluation.Failures);
    }

    private async Task ShowAsync(IReadOnlyList<Failure> failures)
    {
        foreach (Failure failure in failures)
        {
            await _output.WriteLineAsync($"\n{failure.Question.Expected.Measure}");
            foreach (string context in failure.Question.Dialogue.Contexts)
                await _output.WriteLineAsync($"  context    {context}");
            foreach (JsonElement tool in failure.Question.Dialogue.Tools)
                await _output.WriteLineAsync($"  tool       {tool.GetRawText()}");
            foreach (Line message in failure.Question.Prompt)
                await _output.WriteLineAsync($"  {message.Role,-10} {message.Content}");
            await _output.WriteLineAsync($"  expected   {failure.Question.Expected.Content}");
            await _output.WriteLineAsync($"  reply      {failure.Reply}");
        }
    }

    private static string Describe(Failure failure) => JsonSerializer.Serialize(
        new
        {
            measure = failure.Question.Expected.Measure.ToString(),
            messages = failure.Question.Prompt.Select(message => new { role = message.Role, content = message.Content }),
            tools = failure.Question.Dialogue.Tools,
            contexts = failure.Question.Dialogue.Contexts,
            expected = failure.Question.Expected.Content,
            required = failure.Question.Expected.Required,
            reply = failure.Reply,
        },
        OneLine);
}
