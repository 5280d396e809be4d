using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Cli.Inspection;

/// <summary>A report as another program reads it; sizes in bytes, names as in config.json.</summary>
internal static class ReportJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(ModelReport report) => new JsonObject
    {
        ["folder"] = report.Folder,
        ["parameters"] = report.Config.ParameterCount,
        ["config"] = Config(report.Config),
        ["layers"] = new JsonArray([.. LayerMap.Rows(report.Config).Select(row => new JsonObject
        {
            ["layer"] = row.Layer,
            ["attention"] = row.IsGlobal ? "global" : "window",
            ["kv_owner"] = row.Owner,
        })]),
        ["memory"] = new JsonObject
        {
            ["bytes_per_token"] = report.Memory.BytesPerToken,
            ["window_bytes"] = report.Memory.WindowBytes,
            ["recurrent_bytes"] = report.Memory.RecurrentBytes,
            ["bytes_at_full_context"] = report.Memory.BytesAt(report.Config.MaxPositions),
        },
        ["weights"] = report.Weights is { } weights ? Weights(weights) : null,
        ["tokenizer"] = report.Tokenizer is { } tokenizer ? Tokens(tokenizer) : null,
        ["problems"] = new JsonArray([.. report.Problems.Select(problem => JsonValue.Create(problem))]),
    }.ToJsonString(Indented);

    private static JsonObject Config(HymbaConfig config) => new()
    {
        ["num_hidden_layers"] = config.LayerCount,
        ["hidden_size"] = config.HiddenSize,
        ["intermediate_size"] = config.IntermediateSize,
        ["vocab_size"] = config.VocabularySize,
        ["tie_word_embeddings"] = config.TiedEmbeddings,
        ["num_attention_heads"] = config.AttentionHeads,
        ["num_key_value_heads"] = config.KeyValueHeads,
        ["head_dim"] = config.KeyHeadSize,
        ["v_head_dim"] = config.ValueHeadSize,
        ["sliding_window"] = config.SlidingWindow,
        ["num_memory_tokens"] = config.MetaTokens,
        ["max_position_embeddings"] = config.MaxPositions,
        ["mamba_d_inner"] = config.InnerSize,
        ["mamba_d_state"] = config.StateSize,
        ["mamba_dt_rank"] = config.TimeStepRank,
        ["mamba_d_conv"] = config.ConvolutionWidth,
        ["unknown_keys"] = new JsonArray([.. config.UnknownKeys.Select(key => JsonValue.Create(key))]),
    };

    private static JsonObject Weights(WeightsReport weights) => new()
    {
        ["bytes"] = weights.Bytes,
        ["files"] = new JsonArray([.. weights.Files.Select(file => JsonValue.Create(file.Name))]),
        ["tensors"] = weights.Tensors,
        ["types"] = new JsonObject(weights.Types.Select(type => KeyValuePair.Create<string, JsonNode?>(type.Type.Name(), type.Count))),
    };

    private static JsonObject Tokens(Tokenizer tokenizer) => new()
    {
        ["tokens"] = tokenizer.VocabularySize,
        ["bos"] = tokenizer.BosId,
        ["eos"] = tokenizer.EosId,
        ["adds_bos"] = tokenizer.AddBosToken,
        ["chat_template"] = tokenizer.ChatTemplate is not null,
    };
}
