using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Checkpoints;

public sealed class CheckpointTests
{
    [Theory]
    [InlineData("ntk-shared-kv", ElementType.F32)]
    [InlineData("bf16-grouped-query", ElementType.BF16)]
    [InlineData("untied-alternate-kv", ElementType.F32)]
    public void Reference_checkpoints_hold_exactly_the_expected_tensors(string model, ElementType type)
    {
        var config = HymbaConfig.Load(TestData.Reference(model));
        using var checkpoint = Checkpoint.Open(TestData.Reference(model));

        Assert.Empty(checkpoint.Validate(config));
        long read = 0;
        foreach (var (name, shape) in TensorNames.Expected(config))
        {
            var tensor = checkpoint.Get(name, shape);
            Assert.Equal(type, tensor.Type);
            float[] values = tensor.ToSingles();
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
            read += values.Length;
        }
        Assert.Equal(config.ParameterCount, read);
        Assert.Equal(checkpoint.Names.Count, TensorNames.Expected(config).Count());
    }

    [Fact]
    public void Says_what_is_wrong_with_a_tensor()
    {
        using var checkpoint = Checkpoint.Open(TestData.Reference("ntk-shared-kv"));
        Assert.Contains("the closest name there is model.layers.3.mamba.in_proj.weight",
            Message(() => checkpoint.Get("model.layers.3.mamba.in_projection.weight", 224, 40)), StringComparison.Ordinal);
        Assert.Contains("model.final_layernorm.weight has the shape [40]; this model needs [41, 2]",
            Message(() => checkpoint.Get(TensorNames.FinalNorm, 41, 2)), StringComparison.Ordinal);

        using var folder = new TemporaryFolder();
        _ = folder.Write(Checkpoint.FileName, SafetensorsBytes.Of("""{"t":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", 8));
        using var integers = Checkpoint.Open(folder.Path);
        Assert.Contains("t is I64; weights are F32, F16 or BF16", Message(() => integers.Get("t", 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_names_each_tensor_that_does_not_fit()
    {
        var other = HymbaConfig.Load(TestData.Reference("untied-alternate-kv"));
        using var checkpoint = Checkpoint.Open(TestData.Reference("ntk-shared-kv"));
        var problems = checkpoint.Validate(other);
        Assert.Contains("lm_head.weight is missing.", problems);
        Assert.Contains("model.layers.9.mamba.D.0 is not part of this model.", problems);
        Assert.Contains("model.final_layernorm.weight has the shape [40]; this model needs [64].", problems);
    }

    [Fact]
    public void Optional_parts_are_expected_where_the_configuration_has_them()
    {
        var plain = Expected();
        Assert.Equal([1, 5, 1, 8], Expected(("kq_norm", "perhead-rms"))["model.layers.1.mamba.self_attn.q_norm.weight"]);
        Assert.Equal([1, 1, 1, 8], Expected(("kq_norm", "perhead-rms"))["model.layers.1.mamba.self_attn.k_norm.weight"]);
        Assert.Equal([8], Expected(("kq_norm", "rms"))["model.layers.1.mamba.self_attn.k_norm.weight"]);
        Assert.DoesNotContain("model.layers.2.mamba.self_attn.k_norm.weight", Expected(("kq_norm", "rms")).Keys);
        Assert.Equal([200], Expected(("mamba_proj_bias", true))["model.layers.2.mamba.in_proj.bias"]);
        Assert.Equal([40], Expected(("mamba_proj_bias", true))["model.layers.2.mamba.out_proj.bias"]);
        Assert.Equal(plain.Count - 10, Expected(("mamba_conv_bias", false)).Count);
        Assert.Equal(plain.Count - 30, Expected(("mamba_inner_layernorms", false)).Count);
        Assert.Equal(plain.Count - 1, Expected(("num_memory_tokens", 0)).Count);
        Assert.Equal([96, 40], Expected(("tie_word_embeddings", false))["lm_head.weight"]);
    }

    [Fact]
    public void Tolerates_an_output_matrix_beside_tied_embeddings()
    {
        var tied = Config("untied-alternate-kv", ("tie_word_embeddings", true));
        using var checkpoint = Checkpoint.Open(TestData.Reference("untied-alternate-kv"));
        Assert.Empty(checkpoint.Validate(tied));
    }

    [Fact]
    public void Opens_shards()
    {
        using var folder = Sharded("""{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}""");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["a", "b", "c"], checkpoint.Names.Order());
        Assert.Equal(2, checkpoint.Files.Length);
        Assert.Equal([0f], checkpoint.Get("c", 1).ToSingles());
        Assert.True(checkpoint.Contains("b"));
        Assert.False(checkpoint.Contains("d"));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""", "puts b in 2.safetensors; it is in 1.safetensors")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","c":"2.safetensors"}}""", "does not list b, which is in 1.safetensors")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors","d":"2.safetensors"}}""", "puts d in 2.safetensors, which does not hold it")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"3.safetensors"}}""", "3.safetensors: cannot be read")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"copy.safetensors","d":"2.safetensors"}}""", "c is also in another shard")]
    [InlineData("""{"weight_map":{"a":"../1.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":"..\\1.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":"/1.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":"C:1.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":".."}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":"1\u0000.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":1}}""", "in the same folder")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"\ud800.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{}}""", "weight_map")]
    [InlineData("""{"weight_map":[]}""", "weight_map")]
    [InlineData("""{}""", "weight_map")]
    [InlineData("""[]""", "weight_map")]
    [InlineData("""{""", "not valid JSON")]
    public void Refuses_an_index_that_does_not_fit(string index, string expected)
    {
        using var folder = Sharded(index);
        Assert.Contains(expected, Message(() => Checkpoint.Open(folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_folder_without_weights()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(Checkpoint.IndexFileName, Message(() => Checkpoint.Open(folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mutated_index_ends_in_success_or_the_typed_error()
    {
        byte[] original = Encoding.UTF8.GetBytes("""{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}""");
        using var folder = Sharded("{}");
        var random = new Random(4);
        int refused = 0;
        for (int round = 0; round < 3000; round++)
        {
            _ = folder.Write(Checkpoint.IndexFileName, Mutation.Of(original, random));
            try
            {
                Checkpoint.Open(folder.Path).Dispose();
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 500, 2999);
    }

    private static TemporaryFolder Sharded(string index)
    {
        var folder = new TemporaryFolder();
        _ = folder.Write("1.safetensors", SafetensorsBytes.Singles("a", "b"));
        _ = folder.Write("2.safetensors", SafetensorsBytes.Singles("c"));
        _ = folder.Write("copy.safetensors", SafetensorsBytes.Singles("c"));
        _ = folder.Write(Checkpoint.IndexFileName, Encoding.UTF8.GetBytes(index));
        return folder;
    }

    private static Dictionary<string, long[]> Expected(params (string Key, JsonNode? Value)[] changes) =>
        TensorNames.Expected(Config("ntk-shared-kv", changes)).ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);

    private static HymbaConfig Config(string model, params (string Key, JsonNode? Value)[] changes)
    {
        var json = JsonNode.Parse(File.ReadAllBytes(Path.Combine(TestData.Reference(model), "config.json")))!.AsObject();
        foreach (var (key, value) in changes)
            json[key] = value;
        return HymbaConfig.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "test");
    }

    private static string Message(Func<object> action) => Assert.Throws<CheckpointException>(action).Message;
}
