using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints;
using HymbaSharp.Generation;
using HymbaSharp.Tests.Tokenization;

namespace HymbaSharp.Tests;

/// <summary>A tiny untrained model with a tokenizer and a chat template, in a folder of its own.</summary>
internal sealed class TextModel : IDisposable
{
    /// <summary>In the manner of the family's.</summary>
    public const string Template =
        "{{ '<extra_id_0>System' }}{% for m in messages if m.role == 'system' %}{{ '\n' + m.content }}{% endfor %}"
        + "{% for tool in tools or [] %}{{ '\n<tool> ' + tool|tojson + ' </tool>' }}{% endfor %}"
        + "{% for context in contexts or [] %}{{ '\n<context> ' + context + ' </context>' }}{% endfor %}{{ '\n\n' }}"
        + "{% for m in messages if m.role != 'system' %}{{ '<extra_id_1>' + m.role|capitalize + '\n' + m.content|trim + '\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<extra_id_1>Assistant\n' }}{% endif %}";

    /// <summary>Pieces that no text is encoded to, for what tests make the model write.</summary>
    private static readonly string[] Spoken = ["▁One", "▁two", "▁three", "<ex", "tra_id", "_1>", "_2>", "ST", "OP"];

    private readonly TemporaryFolder _folder = new();

    public TextModel(int contextLength = 1024, int prefillRows = 64, int unnamed = 0, string? template = Template, bool addBos = false)
    {
        Write(_folder.Path, unnamed, template, addBos);
        Model = HymbaModel.Load(_folder.Path, Reference.Options(contextLength, prefillRows));
    }

    public HymbaModel Model { get; }

    public string File(string name) => _folder.File(name);

    public int Id(string piece) => Enumerable.Range(0, Model.Tokenizer!.VocabularySize).Single(id => Model.Tokenizer.Piece(id) == piece);

    public int[] Ids(params string[] pieces) => [.. pieces.Select(Id)];

    /// <summary>Options by which the model says these tokens one after the other, each at most once; then they go on with anything.</summary>
    public static GenerationOptions Saying(params int[] tokens) => new()
    {
        Temperature = 0,
        MaxTokens = 64,
        LogitBias = tokens.Index().ToDictionary(token => token.Item, token => 1e6f - (1e4f * token.Index)),
        RepetitionPenalty = 1e6f,
        PenaltyWindow = 8,
    };

    public GenerationOptions Saying(params string[] pieces) => Saying(Ids(pieces));

    /// <param name="folder">Where the files go.</param>
    /// <param name="unnamed">Ids of the model's vocabulary beyond the tokenizer's; negative: ids of the tokenizer's beyond the model's.</param>
    /// <param name="template">The chat template, or null for none.</param>
    /// <param name="addBos">Whether plain text begins with BOS.</param>
    public static void Write(string folder, int unnamed = 0, string? template = Template, bool addBos = false)
    {
        ModelFixture tokenizer = new();
        tokenizer.Pieces.AddRange(Spoken.Select(piece => (piece, -200f, ModelFixture.Normal)));
        System.IO.File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), tokenizer.Write());
        JsonObject settings = new() { ["add_bos_token"] = addBos, ["chat_template"] = template };
        System.IO.File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings.ToJsonString());

        JsonObject config = JsonNode.Parse("""
            {
              "model_type": "hymba", "hidden_size": 32, "mamba_expand": 2, "intermediate_size": 48, "num_hidden_layers": 3,
              "num_attention_heads": 4, "num_key_value_heads": 2, "mamba_d_state": 4, "mamba_dt_rank": 2, "mamba_d_conv": 4,
              "num_memory_tokens": 4, "sliding_window": 16, "global_attn_idx": [0], "kv_reuse_group": [[1, 2]], "rms_norm_eps": 1e-6,
              "mamba_inner_layernorms": true, "mamba_proj_bias": false, "mamba_conv_bias": true, "tie_word_embeddings": true,
              "rope": true, "rope_theta": 10000.0, "max_position_embeddings": 512, "eos_token_id": 2, "initializer_range": 0.1, "torch_dtype": "float32"
            }
            """)!.AsObject();
        config["vocab_size"] = tokenizer.Pieces.Count + unnamed;
        string configFile = Path.Combine(folder, "config.json");
        System.IO.File.WriteAllText(configFile, config.ToJsonString(), new UTF8Encoding(false));
        RandomCheckpoint.Write(configFile, folder, seed: 7);
    }

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }
}
