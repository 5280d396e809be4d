using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using HymbaSharp.Chat;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Corpus;

public sealed partial class CorpusWriterTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    private static readonly string[] TrainingFiles = ["pretrain", "sft", "dpo"];

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_every_machine()
    {
        using TestFolder folder = new();
        new CorpusWriter(new CorpusOptions { Seed = 1, Documents = 100, Conversations = 100, Pairs = 50, Questions = 20 }).Write(folder.Path);
        byte[] all = [.. Directory.EnumerateFiles(folder.Path).Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];
        // A change of templates or word lists changes this; another machine or runtime must not.
        Assert.Equal("e29e728608ff2422ec9e7d367c1a4c20fce05266812874a3f727712cfea34e58", Convert.ToHexStringLower(SHA256.HashData(all)));
    }

    [Fact]
    public void Another_seed_gives_another_corpus()
    {
        using TestFolder folder = new();
        new CorpusWriter(SmallCorpus.Options with { Seed = 4 }).Write(folder.Path);
        foreach (string name in (string[])[.. TrainingFiles, .. SmallCorpus.EvaluationFiles, "eval-dpo"])
            Assert.NotEqual(File.ReadAllText(Path.Combine(corpus.Path, $"{name}.jsonl")), File.ReadAllText(folder.File($"{name}.jsonl")));
    }

    [Fact]
    public void A_smaller_corpus_is_the_beginning_of_a_larger_one()
    {
        using TestFolder folder = new();
        new CorpusWriter(SmallCorpus.Options with { Documents = 20, Conversations = 20, Pairs = 20, Questions = 20 }).Write(folder.Path);
        foreach (string file in Directory.EnumerateFiles(folder.Path))
            Assert.StartsWith(File.ReadAllText(file), File.ReadAllText(Path.Combine(corpus.Path, Path.GetFileName(file))), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_has_its_number_of_lines_of_JSON()
    {
        Assert.Equal(SmallCorpus.Options.Documents, corpus.Read("pretrain").Length);
        Assert.Equal(SmallCorpus.Options.Conversations, corpus.Read("sft").Length);
        Assert.Equal(SmallCorpus.Options.Pairs, corpus.Read("dpo").Length);
        foreach (string name in SmallCorpus.EvaluationFiles.Append("eval-dpo"))
            Assert.Equal(SmallCorpus.Options.Questions, corpus.Read(name).Length);
    }

    [Fact]
    public void Everything_is_ASCII() =>
        Assert.All(Directory.EnumerateFiles(corpus.Path), file => Assert.DoesNotContain(File.ReadAllBytes(file), value => value is > 126 or (< 32 and not (byte)'\n')));

    [Fact]
    public void Conversations_alternate_and_end_with_the_assistant()
    {
        foreach (JsonElement line in corpus.Read("sft"))
        {
            string[] roles = [.. SmallCorpus.Messages(line).Select(message => message.Role)];
            Assert.Equal("assistant", roles[^1]);
            for (int i = 0; i < roles.Length; i++)
            {
                string before = i == 0 ? "" : roles[i - 1];
                Assert.Contains(before, roles[i] switch
                {
                    "system" => (string[])[""],
                    "user" => ["", "system", "assistant"],
                    "tool" => ["assistant"],
                    _ => ["user", "tool"],
                });
            }
            Assert.InRange(SmallCorpus.Tools(line).Length, 0, 4);
            Assert.InRange(SmallCorpus.Contexts(line).Length, 0, 3);
        }
    }

    [Fact]
    public void A_pair_goes_on_from_its_prompt_in_two_different_ways()
    {
        foreach (JsonElement line in corpus.Read("dpo").Concat(corpus.Read("eval-dpo")))
        {
            Assert.Contains(SmallCorpus.Messages(line, "prompt")[^1].Role, (string[])["user", "tool"]);
            ChatMessage chosen = Assert.Single(SmallCorpus.Messages(line, "chosen")), rejected = Assert.Single(SmallCorpus.Messages(line, "rejected"));
            Assert.Equal(("assistant", "assistant"), (chosen.Role, rejected.Role));
            Assert.NotEqual(chosen.Content, rejected.Content);
        }
    }

    [Fact]
    public void No_name_of_the_evaluation_is_in_the_training_files()
    {
        string[][] trainedLines = [.. TrainingFiles.SelectMany(corpus.Read).Select(line => Words(line.GetRawText()).Distinct().ToArray())];
        HashSet<string> trained = [.. trainedLines.SelectMany(words => words)];
        // The words of templates and lists: those that are often in training and are no name.
        const int OftenEnough = 4;
        HashSet<string> ordinary = [.. trainedLines.SelectMany(words => words).GroupBy(word => word).Where(same => same.Count() >= OftenEnough).Select(same => same.Key)];
        ordinary.ExceptWith([.. Vocabulary.FirstNames, .. Vocabulary.LastNames, .. Vocabulary.Places]);

        string[] names =
        [
            .. ((string[])["eval-context", "eval-tools", "eval-sums", "eval-roles"]).SelectMany(corpus.Read)
                .SelectMany(line => Words(string.Join(' ', SmallCorpus.Contexts(line).Concat(SmallCorpus.Messages(line).Where(message => message.Role is "system" or "user").Select(message => message.Content)))))
                .Where(word => char.IsAsciiLetterUpper(word[0]) && !ordinary.Contains(word)).Distinct(),
        ];
        Assert.InRange(names.Length, 1000, 10_000);
        Assert.DoesNotContain(names, trained.Contains);
    }

    [Fact]
    public void No_tool_of_the_evaluation_is_in_the_training_files()
    {
        HashSet<string> trained = [.. corpus.Read("sft").Concat(corpus.Read("dpo")).SelectMany(ToolNames), .. ToolName().Matches(corpus.Text("pretrain")).Select(match => match.Value)];
        string[] heldOut = [.. corpus.Read("eval-tools").SelectMany(ToolNames)];
        Assert.NotEmpty(heldOut);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    [Fact]
    public void No_sum_of_the_evaluation_is_in_the_training_files()
    {
        HashSet<string> trained = [.. TrainingFiles.SelectMany(name => Equation().Matches(corpus.Text(name))).Select(match => match.Value)];
        string[] heldOut = [.. corpus.Read("eval-sums").SelectMany(line => Equation().Matches(line.GetProperty("answer").GetString()!)).Select(match => match.Value)];
        Assert.Equal(2 * SmallCorpus.Options.Questions, heldOut.Length);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    [Fact]
    public void No_large_number_of_a_held_out_passage_is_in_a_trained_one()
    {
        HashSet<string> trained = [.. corpus.Read("sft").SelectMany(SmallCorpus.Contexts).SelectMany(context => LargeNumber().Matches(context)).Select(match => match.Value)];
        string[] heldOut = [.. corpus.Read("eval-context").SelectMany(SmallCorpus.Contexts).SelectMany(context => LargeNumber().Matches(context)).Select(match => match.Value)];
        Assert.InRange(heldOut.Length, 50, 5000);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(match => match.Value);

    private static IEnumerable<string> ToolNames(JsonElement line) => SmallCorpus.Tools(line).Select(tool => tool.GetProperty("function").GetProperty("name").GetString()!);

    [GeneratedRegex("[A-Za-z]{4,}")]
    private static partial Regex Word();

    [GeneratedRegex("(?<=\"name\": \")[a-z]+_[a-z]+")]
    private static partial Regex ToolName();

    [GeneratedRegex(@"\b\d{2,} [+-] \d{2,} = \d+")]
    private static partial Regex Equation();

    [GeneratedRegex(@"\b\d{3,}\b")]
    private static partial Regex LargeNumber();
}
