using System.Text.Json;
using HymbaSharp.Demo.Commands;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Evaluation;

namespace HymbaSharp.Demo.Tests.Commands;

public sealed class CommandTests
{
    [Fact]
    public async Task Corpus_writes_the_files_that_were_asked_for()
    {
        using TestFolder folder = new();
        (int code, _, string error) = await RunAsync("corpus", "--seed", "5", "--out", folder.File("new"), "--pretrain", "3", "--sft", "2", "--dpo", "1", "--eval", "4", "--shares", "1,0,0,0,0");
        Assert.Equal(0, code);
        Assert.Equal(
            ["dpo.jsonl", "eval-context.jsonl", "eval-dpo.jsonl", "eval-identity.jsonl", "eval-roles.jsonl", "eval-sums.jsonl", "eval-tools.jsonl", "pretrain.jsonl", "sft.jsonl"],
            Directory.EnumerateFiles(folder.File("new")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(3, File.ReadAllLines(Path.Combine(folder.File("new"), "pretrain.jsonl")).Length);
        Assert.Contains("sft.jsonl", error);
        Assert.All(File.ReadLines(Path.Combine(folder.File("new"), "sft.jsonl")), line => Assert.False(JsonElement.Parse(line).TryGetProperty("tools", out _)));
        string sum = JsonElement.Parse(File.ReadLines(Path.Combine(folder.File("new"), "eval-sums.jsonl")).First()).GetProperty("answer").GetString()!;
        Assert.Contains(": ", sum);
    }

    [Theory]
    [InlineData("corpus")]
    [InlineData("corpus", "--out", "x", "--sft", "-1")]
    [InlineData("corpus", "--out", "x", "--shares", "1,2,3")]
    [InlineData("corpus", "--out", "x", "--shares", "0,0,0,0,0")]
    [InlineData("corpus", "--out", "x", "--shares", "1,2,x,4,5")]
    [InlineData("corpus", "--out", "x", "--wordings", "some")]
    [InlineData("mistakes")]
    [InlineData("mistakes", "--out", "x", "--shares", "1")]
    [InlineData("mistakes", "--out", "x", "--skip", "Nothing")]
    [InlineData("train")]
    public async Task A_wrong_command_line_is_refused(params string[] args)
    {
        (int code, string output, string error) = await RunAsync(args);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("hymba-demo: ", error);
    }

    [Fact]
    public async Task Evaluate_counts_every_measure_and_lists_what_was_wrong()
    {
        using TestFolder folder = new();
        SmallCheckpoint.Write(folder);
        string scores = folder.File("scores.json"), failures = folder.File("failures.jsonl");
        (int code, string output, _) = await RunAsync("evaluate", "-m", folder.Path, "--seed", "2", "--count", "2", "--out", scores, "--failures", failures, "--verbose");
        Assert.Equal(0, code);
        JsonElement[] counted = [.. JsonElement.Parse(File.ReadAllText(scores)).GetProperty("scores").EnumerateArray()];
        Assert.Equal(11, counted.Length);
        Assert.All(counted, score =>
        {
            Assert.Equal(2, score.GetProperty("count").GetInt32());
            Assert.Contains(score.GetProperty("name").GetString()!, output, StringComparison.Ordinal);
        });
        // Random weights answer nothing right, so each of the eight measures lists both its questions.
        JsonElement[] wrong = [.. File.ReadLines(failures).Select(line => JsonElement.Parse(line))];
        Assert.Equal(16, wrong.Length);
        Assert.All(wrong, failure => Assert.NotEqual(failure.GetProperty("expected").GetString(), failure.GetProperty("reply").GetString()));
        Assert.Contains("  expected   ", output);
    }

    [Fact]
    public async Task Evaluating_twice_gives_the_same_scores()
    {
        using TestFolder folder = new();
        SmallCheckpoint.Write(folder);
        (_, string first, _) = await RunAsync("evaluate", "-m", folder.Path, "--count", "1", "--verbose");
        (_, string second, _) = await RunAsync("evaluate", "-m", folder.Path, "--count", "1", "--verbose");
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Mistakes_are_pairs_of_the_right_answer_and_the_models_own()
    {
        using TestFolder folder = new();
        SmallCheckpoint.Write(folder);
        string pairs = folder.File("pairs.jsonl");
        string[] args = ["mistakes", "-m", folder.Path, "--count", "1", "--shares", "0,1,0,0,0", "--wordings", "many", "--out", pairs];

        (int code, _, string error) = await RunAsync(args);

        Assert.Equal(0, code);
        JsonElement[] found = [.. File.ReadLines(pairs).Select(line => JsonElement.Parse(line))];
        Assert.InRange(found.Length, 1, 12);
        Assert.Contains($"{found.Length} pairs of 1 conversations", error);
        Assert.Equal([folder.File("pairs.jsonl")], Directory.EnumerateFiles(folder.Path, "pairs*"));
        using HymbaModel model = HymbaModel.Load(folder.Path);
        Answerer answerer = new(model);
        foreach (JsonElement pair in found)
        {
            Line[] prompt = [.. SmallCorpus.Messages(pair, "prompt").Select(message => new Line(message.Role, message.Content!))];
            Dialogue dialogue = new(Skill.Tools, prompt) { Tools = SmallCorpus.Tools(pair), Contexts = SmallCorpus.Contexts(pair) };
            string reply = await answerer.AnswerAsync(new Question(dialogue, prompt, prompt[^1]), default);
            Assert.Equal(reply.Trim(), SmallCorpus.Messages(pair, "rejected").Single().Content);
            Assert.NotEqual(reply.Trim(), SmallCorpus.Messages(pair, "chosen").Single().Content);
        }
        Assert.Contains(found, IsCall);
        Assert.Equal(0, (await RunAsync([.. args, "--skip", "ToolCall"])).Code);
        Assert.Equal(found.Where(pair => !IsCall(pair)).Select(pair => pair.GetRawText()), File.ReadLines(pairs));

        static bool IsCall(JsonElement pair) => SmallCorpus.Messages(pair, "chosen").Single().Content!.StartsWith("<toolcall>", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_model_is_refused()
    {
        using TestFolder folder = new();
        (int code, _, string error) = await RunAsync("evaluate", "-m", folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("config.json", error);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = await DemoCommands.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
