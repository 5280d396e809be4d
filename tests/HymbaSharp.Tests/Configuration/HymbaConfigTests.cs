using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Configuration;

public sealed class HymbaConfigTests
{
    private const string Small = "ntk-shared-kv";

    [Fact]
    public void Derives_the_sizes_of_the_published_model()
    {
        var config = HymbaConfig.Load(TestData.Shared("reference", "hymba-1.5b", "config.json"));

        Assert.Equal((1600, 3200, 5504, 32, 32001), (config.HiddenSize, config.InnerSize, config.IntermediateSize, config.LayerCount, config.VocabularySize));
        Assert.Equal((25, 5, 64, 128), (config.AttentionHeads, config.KeyValueHeads, config.KeyHeadSize, config.ValueHeadSize));
        Assert.Equal((16, 100, 4), (config.StateSize, config.TimeStepRank, config.ConvolutionWidth));
        Assert.Equal((128, 1024, 8192, 2048), (config.MetaTokens, config.SlidingWindow, config.MaxPositions, config.OriginalMaxPositions));
        Assert.Equal([0, 15, 31], config.GlobalLayers);
        Assert.Equal((RopeType.Ntk, 10000.0, KeyQueryNorm.None), (config.Rope, config.RopeTheta, config.KeyQueryNorm));
        Assert.Equal((true, false, true, true), (config.InnerNorms, config.ProjectionBias, config.ConvolutionBias, config.TiedEmbeddings));
        Assert.Equal((1e-6f, 0.02f, "bfloat16"), (config.NormEpsilon, config.InitializerRange, config.StoredType));
        Assert.Equal((1, 0), (config.BosTokenId, config.PadTokenId));
        Assert.Equal([2], config.EosTokenIds);
        Assert.Empty(config.UnknownKeys);
        Assert.Equal(1_522_797_824, config.ParameterCount);

        int[] owners = [.. Enumerable.Range(0, 32).Where(config.OwnsKeyValues)];
        Assert.Equal(3, owners.Count(config.IsGlobal));
        Assert.Equal(14, owners.Count(layer => !config.IsGlobal(layer)));
        Assert.Equal([16, 16, 16, 19, 19], config.KeyValueOwners.Slice(16, 5));
    }

    [Theory]
    [InlineData("ntk-shared-kv", new[] { 0, 1, 1, 3, 4, 5, 5, 5, 8, 9 })]
    [InlineData("bf16-grouped-query", new[] { 0, 1, 2, 3, 4 })]
    [InlineData("untied-alternate-kv", new[] { 0, 0, 2, 2 })]
    public void Resolves_who_owns_keys_and_values(string model, int[] owners)
    {
        var config = HymbaConfig.Load(TestData.Reference(model));
        Assert.Equal(owners, config.KeyValueOwners);
        Assert.Empty(config.UnknownKeys);
    }

    [Fact]
    public void A_chain_of_borrowers_ends_at_the_layer_that_owns()
    {
        Assert.Equal([0, 0, 0, 3, 3, 3, 6, 6, 6, 9], With(("kv_reuse_group", null), ("kv_reuse_every_i_layer", 3)).KeyValueOwners);
    }

    [Fact]
    public void Reads_the_optional_parts()
    {
        Assert.Equal([2, 7], With(("eos_token_id", new JsonArray(2, 7))).EosTokenIds);
        Assert.Empty(With(("eos_token_id", null)).EosTokenIds);
        Assert.Null(With(("bos_token_id", null)).BosTokenId);
        Assert.Equal(3, With(("mamba_dt_rank", "auto")).TimeStepRank);
        Assert.Equal(RopeType.None, With(("rope", false)).Rope);
        Assert.Equal(RopeType.Default, With(("rope_type", null)).Rope);
        Assert.Equal(RopeType.Default, With(("rope_type", "default")).Rope);
        Assert.Equal(RopeType.DynamicNtk, With(("rope_type", "dynamic_ntk")).Rope);
        Assert.Equal(KeyQueryNorm.Rms, With(("kq_norm", "rms")).KeyQueryNorm);
        Assert.Equal(KeyQueryNorm.PerHeadRms, With(("kq_norm", "perhead-rms")).KeyQueryNorm);
        Assert.Equal(0, With(("num_memory_tokens", 0)).MetaTokens);
        Assert.Equal("float16", With(("torch_dtype", null), ("dtype", "float16")).StoredType);
        Assert.Equal([0, 4, 9], With(("global_attn_idx", new JsonArray(9, 0, 4))).GlobalLayers);
        Assert.Equal(0, With(("sliding_window", null), ("global_attn_idx", new JsonArray(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))).SlidingWindow);
    }

    [Fact]
    public void Keeps_the_names_of_unknown_keys()
    {
        Assert.Equal(["future_key", "another"], With(("future_key", 1), ("another", new JsonObject())).UnknownKeys);
    }

    /// <summary>One change each that makes a good configuration one to refuse, and what the error must name.</summary>
    public static TheoryData<string, string> Refused() => new()
    {
        { "model_type", "\"llama\"" }, { "hidden_act", "\"gelu\"" }, { "mlp_hidden_act", "\"relu\"" },
        { "num_experts", "4" }, { "num_mamba", "2" }, { "kv_weight_reuse", "true" }, { "memory_tokens_interspersed_every", "8" },
        { "attn_hidden_size", "1024" }, { "kq_head_dim", "32" }, { "rope_type", "\"yarn\"" }, { "kq_norm", "\"layer\"" },
        { "layer_type", """["h","h","h","h","m","h","h","h","h","h"]""" }, { "layer_type", """["h"]""" }, { "layer_type", "3" }, { "layer_type", """["\ud800"]""" },
        { "conv_dim", """{"0": 80}""" }, { "conv_dim", "80" },
        { "conv_dim", """{"0":80,"1":80,"2":80,"3":80,"4":80,"5":80,"6":80,"7":80,"8":80,"9":81}""" },
        { "conv_dim", """{"0":80,"1":80,"2":80,"3":80,"4":80,"5":80,"6":80,"7":80,"8":80,"x":80}""" },
        { "v_head_dim", "8" }, { "global_attn_idx", "[10]" }, { "global_attn_idx", "[-1]" }, { "global_attn_idx", "[0,0]" }, { "global_attn_idx", "null" },
        { "global_attn_idx", "[0.5]" }, { "global_attn_idx", "0" },
        { "kv_reuse_group", "[[1,10]]" }, { "kv_reuse_group", "[[-1,1]]" }, { "kv_reuse_group", "[[1,2],[2,3]]" }, { "kv_reuse_group", "[[2,1]]" },
        { "kv_reuse_group", "[[1,1]]" }, { "kv_reuse_group", "[[]]" }, { "kv_reuse_group", "[1,2]" }, { "kv_reuse_group", "7" }, { "kv_reuse_group", "[[\"1\"]]" },
        { "kv_reuse_every_i_layer", "2" }, { "kv_reuse_every_i_layer", "true" },
        { "num_attention_heads", "3" }, { "num_attention_heads", "0" }, { "num_attention_heads", "8" }, { "num_key_value_heads", "2" },
        { "mamba_dt_rank", "\"full\"" }, { "mamba_dt_rank", "0" }, { "mamba_dt_rank", "null" }, { "mamba_d_state", "0" }, { "mamba_d_conv", "0" }, { "mamba_expand", "0" },
        { "mamba_expand", "2.5" }, { "hidden_size", "-40" }, { "hidden_size", "40000000" }, { "hidden_size", "1e400" }, { "hidden_size", "\"40\"" }, { "hidden_size", "[40]" },
        { "intermediate_size", "99999999999999999999" }, { "vocab_size", "2147483647" }, { "num_hidden_layers", "0" }, { "num_hidden_layers", "100000" },
        { "num_memory_tokens", "-1" }, { "sliding_window", "null" }, { "sliding_window", "0" }, { "sliding_window", "false" },
        { "rms_norm_eps", "0" }, { "rms_norm_eps", "1e-60" }, { "rms_norm_eps", "1e999" }, { "rms_norm_eps", "-1" }, { "rms_norm_eps", "\"1e-6\"" },
        { "rope_theta", "0" }, { "rope_theta", "null" }, { "rope", "1" }, { "rope_type", "1" }, { "max_position_embeddings", "0" },
        { "orig_max_position_embeddings", "null" }, { "orig_max_position_embeddings", "512" }, { "rope_theta", "1e308" },
        { "tie_word_embeddings", "\"true\"" }, { "mamba_inner_layernorms", "null" }, { "mamba_conv_bias", "0" }, { "mamba_proj_bias", "[]" },
        { "bos_token_id", "96" }, { "eos_token_id", "-1" }, { "eos_token_id", "[2,96]" }, { "eos_token_id", "[[2]]" }, { "pad_token_id", "1.5" },
        { "initializer_range", "-0.02" }, { "torch_dtype", "16" }, { "dtype", "\"float16\"" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Refuses_what_it_does_not_compute_and_names_the_key(string key, string value)
    {
        string json = Json(config => config[key] = "replaced").Replace("\"replaced\"", value, StringComparison.Ordinal);
        var error = Assert.Throws<HymbaConfigException>(() => Parse(json));
        Assert.StartsWith($"test: {key} is ", error.Message, StringComparison.Ordinal);
        Assert.Contains("supported: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_type"), InlineData("hidden_size"), InlineData("intermediate_size"), InlineData("num_hidden_layers"), InlineData("num_attention_heads")]
    [InlineData("num_key_value_heads"), InlineData("vocab_size"), InlineData("mamba_expand"), InlineData("mamba_d_state"), InlineData("mamba_d_conv")]
    [InlineData("mamba_dt_rank"), InlineData("num_memory_tokens"), InlineData("sliding_window"), InlineData("global_attn_idx"), InlineData("rms_norm_eps")]
    [InlineData("rope"), InlineData("rope_theta"), InlineData("max_position_embeddings"), InlineData("orig_max_position_embeddings")]
    [InlineData("tie_word_embeddings"), InlineData("mamba_inner_layernorms"), InlineData("mamba_conv_bias"), InlineData("mamba_proj_bias")]
    public void Refuses_a_missing_key_that_it_needs(string key)
    {
        var error = Assert.Throws<HymbaConfigException>(() => Parse(Json(config => Assert.True(config.Remove(key)))));
        Assert.Contains($"{key} is missing", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("architectures"), InlineData("attention_dropout"), InlineData("layer_type"), InlineData("conv_dim"), InlineData("v_head_dim"), InlineData("num_experts")]
    [InlineData("kq_norm"), InlineData("torch_dtype"), InlineData("initializer_range"), InlineData("eos_token_id"), InlineData("seq_length")]
    public void Does_without_a_key_that_changes_nothing(string key)
    {
        Assert.Equal(40, Parse(Json(config => Assert.True(config.Remove(key)))).HiddenSize);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{\"rms_norm_eps\": NaN}")]
    [InlineData("{\"hidden_size\": 40, \"hidden_size\": 40}")]
    [InlineData("{\"\\ud800\": 1}")]
    [InlineData("{} {}")]
    public void Refuses_what_is_not_a_json_object(string json) => _ = Assert.Throws<HymbaConfigException>(() => Parse(json));

    [Fact]
    public void Refuses_bytes_that_are_not_utf8() =>
        _ = Assert.Throws<HymbaConfigException>(() => HymbaConfig.Parse([(byte)'{', (byte)'"', 0xC0, (byte)'"', (byte)':', (byte)'1', (byte)'}'], "test"));

    [Fact]
    public void Refuses_deep_nesting() => _ = Assert.Throws<HymbaConfigException>(() => Parse(new string('[', 100_000)));

    [Fact]
    public void Names_a_file_that_is_not_there()
    {
        string path = Path.Combine(TestData.Reference(Small), "absent.json");
        Assert.Contains(path, Assert.Throws<HymbaConfigException>(() => HymbaConfig.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_parameters_as_the_reference_checkpoints_hold_them()
    {
        // (file − header − length prefix) / bytes per element, lm_head absent where tied.
        Assert.Equal((907_912 - 8 - 19_624) / 4, HymbaConfig.Load(TestData.Reference(Small)).ParameterCount);
        Assert.Equal((2_313_944 - 8 - 10_304) / 2, HymbaConfig.Load(TestData.Reference("bf16-grouped-query")).ParameterCount);
        Assert.Equal((998_448 - 8 - 6_952) / 4, HymbaConfig.Load(TestData.Reference("untied-alternate-kv")).ParameterCount);
    }

    [Fact]
    public void A_mutated_configuration_ends_in_success_or_the_typed_error()
    {
        byte[] original = Encoding.UTF8.GetBytes(Json(_ => { }));
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 6000; round++)
        {
            byte[] mutated = Mutation.Of(original, random);
            try
            {
                Assert.True(HymbaConfig.Parse(mutated, "test").ParameterCount > 0);
            }
            catch (HymbaConfigException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 5999);
    }

    private static HymbaConfig With(params (string Key, JsonNode? Value)[] changes) => Parse(Json(config =>
    {
        foreach (var (key, value) in changes)
            config[key] = value;
    }));

    private static HymbaConfig Parse(string json) => HymbaConfig.Parse(Encoding.UTF8.GetBytes(json), "test");

    private static string Json(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(TestData.Reference(Small), "config.json")))!.AsObject();
        change(config);
        return config.ToJsonString();
    }
}
