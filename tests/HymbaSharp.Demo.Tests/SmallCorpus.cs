using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests;

/// <summary>A corpus written once for the tests that read its files, and dialogues drawn for those that don't.</summary>
public sealed class SmallCorpus : IDisposable
{
    private readonly TestFolder _folder = new();

    public SmallCorpus() => new CorpusWriter(Options).Write(_folder.Path);

    internal static CorpusOptions Options { get; } = new() { Seed = 3, Documents = 1500, Conversations = 2000, Pairs = 600, Questions = 150 };

    public static IReadOnlyList<string> EvaluationFiles { get; } = ["eval-context", "eval-tools", "eval-sums", "eval-roles", "eval-identity"];

    internal string Path => _folder.Path;

    /// <summary>The lines of a file.</summary>
    public JsonElement[] Read(string name) => [.. File.ReadLines(_folder.File($"{name}.jsonl")).Select(line => JsonElement.Parse(line))];

    /// <summary>The texts of a file, whatever they are for.</summary>
    public string Text(string name) => string.Join('\n', Read(name).Select(line => string.Join('\n', TextsOf(line))));

    /// <summary>So many dialogues of a skill.</summary>
    internal static IEnumerable<Dialogue> Dialogues(Skill skill, int count, Split split = Split.Training, Wordings wordings = Wordings.Few) =>
        Enumerable.Range(0, count).Select(i => DialogueSource.Draw(skill, new Dice(11, $"test {skill} {split}", i), split, wordings));

    public static ChatMessage[] Messages(JsonElement line, string name = "messages") =>
        [.. line.GetProperty(name).EnumerateArray().Select(message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];

    public static JsonElement[] Tools(JsonElement line) => line.TryGetProperty("tools", out JsonElement tools) ? [.. tools.EnumerateArray()] : [];

    public static string[] Contexts(JsonElement line) =>
        line.TryGetProperty("contexts", out JsonElement contexts) ? [.. contexts.EnumerateArray().Select(context => context.GetString()!)] : [];

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> TextsOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(TextsOf),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member.NameEquals("measure") ? [] : TextsOf(member.Value).Append(member.Name)),
        _ => [],
    };
}
