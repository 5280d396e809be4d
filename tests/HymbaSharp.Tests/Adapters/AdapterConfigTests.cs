using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Adapters;

namespace HymbaSharp.Tests.Adapters;

public sealed class AdapterConfigTests
{
    // As the PEFT library writes it, with what else its configuration has.
    private const string Saved = """
        {
          "alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null, "base_model_name_or_path": "nvidia/Hymba-1.5B-Base",
          "bias": "none", "corda_config": null, "ensure_weight_tying": false, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false,
          "inference_mode": true, "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null, "loftq_config": {},
          "lora_alpha": 32, "lora_bias": false, "lora_dropout": 0.05, "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null,
          "peft_type": "LORA", "peft_version": "0.18.0", "qalora_group_size": 16, "r": 16, "rank_pattern": {}, "revision": null,
          "target_modules": ["in_proj", "x_proj.0"], "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null,
          "use_dora": false, "use_qalora": false, "use_rslora": false
        }
        """;

    [Fact]
    public void Reads_what_the_library_writes()
    {
        AdapterConfig config = With();
        Assert.Equal((16, 32.0, false, false), (config.Rank, config.Alpha, config.RankStabilised, config.Dora));
        Assert.Equal(["in_proj", "x_proj.0"], config.TargetModules.Names);
        Assert.Equal(("nvidia/Hymba-1.5B-Base", 0.05), (config.BaseModel, config.Dropout));
        Assert.Empty(config.ModulesToSave);
        Assert.Equal(2, config.ScalingOf("any"));
        Assert.Equal(8, With(("use_rslora", true)).ScalingOf("any"));
        Assert.Equal(0.5, With(("lora_alpha", 8.0)).ScalingOf("any"));
        Assert.True(With(("use_dora", true)).Dora);
        Assert.Equal(["input_layernorm"], With(("modules_to_save", new JsonArray("input_layernorm"))).ModulesToSave);
    }

    [Theory]
    [InlineData("""["in_proj", "dt_proj.0"]""", null, "model.layers.0.mamba.in_proj", true)]
    [InlineData("""["in_proj", "dt_proj.0"]""", null, "model.layers.11.mamba.dt_proj.0", true)]
    [InlineData("""["in_proj", "dt_proj.0"]""", null, "model.layers.0.mamba.out_proj", false)]
    [InlineData("""["proj"]""", null, "model.layers.0.mamba.in_proj", false)]
    [InlineData("""["layers.1.mamba.in_proj"]""", null, "model.layers.11.mamba.in_proj", false)]
    [InlineData("""["model.layers.1.mamba.in_proj"]""", null, "model.layers.1.mamba.in_proj", true)]
    [InlineData("""[".*in_proj"]""", null, "model.layers.1.mamba.in_proj", false)]
    [InlineData("""[]""", null, "model.layers.1.mamba.in_proj", false)]
    [InlineData("null", null, "model.layers.1.mamba.in_proj", false)]
    [InlineData("\"all-linear\"", null, "model.layers.1.mamba.in_proj", true)]
    [InlineData("\".*(in|out)_proj\"", null, "model.layers.1.mamba.out_proj", true)]
    [InlineData("\"in_proj\"", null, "model.layers.1.mamba.in_proj", false)]
    [InlineData("\"a|.*in_proj\"", null, "model.layers.1.mamba.in_proj.0", false)]
    [InlineData("\".*\\\\.(?!1\\\\.)\\\\d+\\\\.mamba\\\\.in_proj\"", null, "model.layers.1.mamba.in_proj", false)]
    [InlineData("\".*\\\\.(?!1\\\\.)\\\\d+\\\\.mamba\\\\.in_proj\"", null, "model.layers.2.mamba.in_proj", true)]
    [InlineData("\"all-linear\"", """["in_proj"]""", "model.layers.1.mamba.in_proj", false)]
    [InlineData("\"all-linear\"", "\".*layers.0.*\"", "model.layers.1.mamba.in_proj", true)]
    [InlineData("\"all-linear\"", "\".*layers.0.*\"", "model.layers.0.mamba.in_proj", false)]
    public void Names_match_from_a_dot_on_and_patterns_match_whole_names(string targets, string? excluded, string module, bool expected) =>
        Assert.Equal(expected, With(("target_modules", JsonNode.Parse(targets)), ("exclude_modules", excluded is null ? null : JsonNode.Parse(excluded))).Targets(module));

    [Fact]
    public void Patterns_give_modules_other_ranks_and_alphas()
    {
        AdapterConfig config = With(
            ("rank_pattern", JsonNode.Parse("""{"layers.0.mamba.in_proj": 4, "mamba.in_proj": 8}""")),
            ("alpha_pattern", JsonNode.Parse("""{"(in|out)_proj": 16.0, "^model.layers.1.mamba.x_proj.0": 1}""")));
        Assert.Equal((4, 4), (config.RankOf("model.layers.0.mamba.in_proj"), config.ScalingOf("model.layers.0.mamba.in_proj")));
        Assert.Equal((8, 2), (config.RankOf("model.layers.10.mamba.in_proj"), config.ScalingOf("model.layers.10.mamba.in_proj")));
        Assert.Equal((16, 1), (config.RankOf("model.layers.0.mamba.out_proj"), config.ScalingOf("model.layers.0.mamba.out_proj")));
        Assert.Equal((16, 1 / 16.0), (config.RankOf("model.layers.1.mamba.x_proj.0"), config.ScalingOf("model.layers.1.mamba.x_proj.0")));
        Assert.Equal((16, 2), (config.RankOf("model.layers.0.mamba.x_proj.0"), config.ScalingOf("model.layers.0.mamba.x_proj.0")));
    }

    [Theory]
    [InlineData("peft_type", "\"LOHA\"", "peft_type is \"LOHA\"; supported: \"LORA\".")]
    [InlineData("peft_type", null, "peft_type is null")]
    [InlineData("bias", "\"all\"", "bias is \"all\"; supported: \"none\".")]
    [InlineData("fan_in_fan_out", "true", "fan_in_fan_out is true; supported: false.")]
    [InlineData("lora_bias", "true", "lora_bias is true; supported: false.")]
    [InlineData("layers_to_transform", "[0, 1]", "layers_to_transform is [0,1]; supported: null; target_modules")]
    [InlineData("layers_to_transform", "3", "layers_to_transform is 3")]
    [InlineData("layer_replication", "[[0, 4]]", "layer_replication is [[0,4]]; supported: null.")]
    [InlineData("target_parameters", "[\"a\"]", "target_parameters is [\"a\"]; supported: null.")]
    [InlineData("trainable_token_indices", "[1]", "trainable_token_indices is [1]; supported: null.")]
    [InlineData("megatron_config", "{\"a\": 1}", "megatron_config is")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"", "init_lora_weights is \"pissa_niter_4\"; supported: true, false, \"gaussian\"")]
    [InlineData("r", "0", "r is 0; supported: an integer from 1 to 16384.")]
    [InlineData("r", "\"8\"", "r is \"8\"")]
    [InlineData("r", null, "r is null; supported: an integer")]
    [InlineData("lora_alpha", "0", "lora_alpha is 0; supported: a finite number above 0.")]
    [InlineData("lora_alpha", null, "lora_alpha is null")]
    [InlineData("use_dora", "\"yes\"", "use_dora is \"yes\"; supported: true or false.")]
    [InlineData("target_modules", "7", "target_modules is 7; supported: a list of names of modules.")]
    [InlineData("target_modules", "[7]", "target_modules is [7]")]
    [InlineData("target_modules", "\"(\"", "target_modules: \"(\" is no regular expression")]
    [InlineData("modules_to_save", "\"all\"", "modules_to_save is \"all\"; supported: a list of names of modules.")]
    [InlineData("rank_pattern", "[]", "rank_pattern is []; supported: an object of integers from 1 to 16384.")]
    [InlineData("rank_pattern", "{\"a\": 1.5}", "rank_pattern is {\"a\":1.5}")]
    [InlineData("rank_pattern", "{\"[\": 1}", "rank_pattern: \"[\" is no regular expression")]
    [InlineData("alpha_pattern", "{\"a\": -1}", "alpha_pattern is {\"a\":-1}; supported: an object of finite numbers above 0.")]
    [InlineData("use_qalora", "true", "use_qalora is true; supported: null or false: this library doesn't know the key.")]
    [InlineData("something_new", "{\"rank\": 2}", "something_new is {\"rank\":2}")]
    public void What_is_not_supported_is_refused_by_key_and_value(string key, string? value, string message)
    {
        AdapterException error = Assert.Throws<AdapterException>(() => With((key, value is null ? null : JsonNode.Parse(value))));
        Assert.StartsWith("adapter_config.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_takes_too_long_is_refused()
    {
        AdapterConfig config = With(("target_modules", "(a+)+b"));
        AdapterException error = Assert.Throws<AdapterException>(() => config.Targets(new string('a', 60)));
        Assert.Contains("target_modules: \"(a+)+b\" takes more than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_reads_the_same()
    {
        AdapterConfig config = new()
        {
            Rank = 4,
            Alpha = 2.5,
            RankStabilised = true,
            Dora = true,
            TargetModules = ModuleSelection.Of(["in_proj", "dt_proj.0"]),
            ExcludedModules = ModuleSelection.Of("", ".*layers.3.*"),
            RankPattern = [(ModulePattern.OfEnd("", "in_proj"), 2)],
            AlphaPattern = [(ModulePattern.OfEnd("", "dt_proj.0"), 0.5)],
            ModulesToSave = ["input_layernorm"],
            BaseModel = "a \"model\"",
            Dropout = 0.1,
        };
        AdapterConfig read = AdapterConfig.Parse(config.ToJson(), "written");
        Assert.Equal(config.ToJson(), read.ToJson());
        Assert.Equal((4, 2.5, true, true, "a \"model\"", 0.1), (read.Rank, read.Alpha, read.RankStabilised, read.Dora, read.BaseModel, read.Dropout));
        Assert.Equal((2, 2.5 / Math.Sqrt(2)), (read.RankOf("x.in_proj"), read.ScalingOf("x.in_proj")));
        Assert.Equal(0.25, read.ScalingOf("x.dt_proj.0"));
        Assert.Equal((true, false, false), (read.Targets("layers.1.in_proj"), read.Targets("layers.3.in_proj"), read.Targets("layers.1.x")));
        Assert.Equal(["input_layernorm"], read.ModulesToSave);
    }

    [Fact]
    public void Damage_is_refused_or_read_and_never_anything_else()
    {
        Random random = new(1);
        byte[] sound = Encoding.UTF8.GetBytes(Saved);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            try
            {
                _ = AdapterConfig.Parse(Mutation.Of(sound, random), "damaged").Targets("model.layers.0.mamba.in_proj");
            }
            catch (AdapterException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1, 1999);
    }

    private static AdapterConfig With(params (string Key, JsonNode? Value)[] changes)
    {
        JsonObject json = JsonNode.Parse(Saved)!.AsObject();
        foreach (var (key, value) in changes)
            json[key] = value;
        return AdapterConfig.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "adapter_config.json");
    }
}
