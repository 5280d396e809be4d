using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Batching;
using HymbaSharp.Checkpoints;
using HymbaSharp.Generation;
using HymbaSharp.Tests;
using HymbaSharp.Tests.Tokenization;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI.Tests;

/// <summary>A tiny untrained model that says what a test tells it to, with its engine and its client.</summary>
internal sealed class SpeakingModel : IDisposable
{
    /// <summary>In the manner of the family's.</summary>
    public const string Template =
        "{{ '<extra_id_0>System' }}{% for m in messages if m.role == 'system' %}{{ '\n' + m.content }}{% endfor %}"
        + "{% for tool in tools or [] %}{{ '\n<tool> ' + tool|tojson + ' </tool>' }}{% endfor %}{{ '\n\n' }}"
        + "{% for m in messages if m.role != 'system' %}{{ '<extra_id_1>' + m.role|capitalize + '\n' + m.content|trim + '\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<extra_id_1>Assistant\n' }}{% endif %}";

    /// <summary>Fails with all that it is given.</summary>
    public const string Repeating = "{{ raise_exception({'messages': messages, 'tools': tools or [], 'contexts': contexts or []}|tojson) }}";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, int> _pieces = [];

    /// <param name="pieces">What it can be told to say; a space stands for itself.</param>
    public SpeakingModel(params string[] pieces) : this(Template, new HymbaEngineOptions(), pieces)
    {
    }

    public SpeakingModel(string? template, HymbaEngineOptions options, params string[] pieces)
    {
        ModelFixture tokenizer = new();
        foreach (string piece in pieces)
        {
            _pieces[piece] = tokenizer.Pieces.Count;
            tokenizer.Pieces.Add((piece.Replace(' ', '▁'), -200, ModelFixture.Normal));
        }
        _ = _folder.Write("tokenizer.model", tokenizer.Write());
        _ = _folder.Write("tokenizer_config.json", Encoding.UTF8.GetBytes(new JsonObject { ["add_bos_token"] = true, ["chat_template"] = template }.ToJsonString()));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(TestData.Reference("ntk-shared-kv"), "config.json")))!.AsObject();
        config["vocab_size"] = tokenizer.Pieces.Count;
        config["eos_token_id"] = 2;
        RandomCheckpoint.Write(_folder.Write("config.json", Encoding.UTF8.GetBytes(config.ToJsonString())), _folder.Path, seed: 7);
        Model = HymbaModel.Load(_folder.Path, new HymbaModelOptions { ContextLength = 1024, PrefillRows = 64, Threads = 1, UseCache = false });
        Engine = new HymbaEngine(Model, options);
        Client = template is null ? null! : new HymbaChatClient(Engine, "tiny");
    }

    public HymbaModel Model { get; }

    public HymbaEngine Engine { get; }

    public HymbaChatClient Client { get; }

    public string Folder => _folder.Path;

    /// <summary>Options by which it says these pieces one after the other, then ends its text.</summary>
    public ChatOptions Saying(params string[] pieces) => new() { RawRepresentationFactory = _ => Generation([.. pieces.Select(piece => _pieces[piece]), 2]) };

    /// <summary>Options by which it says these pieces one after the other, then anything, without an end.</summary>
    public ChatOptions SayingWithoutEnd(params string[] pieces) => new()
    {
        RawRepresentationFactory = _ => Generation([.. pieces.Select(piece => _pieces[piece])]) with { IgnoreEndOfText = true, MaxTokens = null },
    };

    public void Dispose()
    {
        Client?.Dispose();
        Engine.Dispose();
        Model.Dispose();
        _folder.Dispose();
    }

    // Each token is chosen once: the penalty puts it below all that are to follow.
    private static GenerationOptions Generation(int[] tokens) => new()
    {
        Temperature = 0,
        MaxTokens = 64,
        LogitBias = tokens.Index().ToDictionary(token => token.Item, token => 1e6f - (1e4f * token.Index)),
        RepetitionPenalty = 1e6f,
        PenaltyWindow = 32,
    };
}
