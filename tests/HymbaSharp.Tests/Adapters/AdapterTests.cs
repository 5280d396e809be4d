using System.Text.Json.Nodes;
using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Adapters;

/// <summary>What an adapter's folder may hold, and what is refused.</summary>
public sealed class AdapterTests : IDisposable
{
    private const string InProj = "model.layers.0.mamba.in_proj";

    private static readonly HymbaConfig Model = HymbaConfig.Load(TestData.Reference(Reference.Shared));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_tensor_written_is_found_again()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1, whole: [TensorNames.MetaTokens, TensorNames.Skip(2)]) with { Scale = 0.5f };
        using Adapter adapter = Adapter.Open(reference, Model);
        foreach (string module in AdapterModules.Of(Model))
        {
            LowRankUpdate update = Assert.IsType<LowRankUpdate>(adapter.Update(module));
            Assert.Equal((5, 0.5, update.Up.Rows), (update.Down.Rows, update.Scale, update.Magnitudes?.Length));
        }
        Assert.Equal([TensorNames.MetaTokens, TensorNames.Skip(2)], adapter.Replaced);
        Assert.Null(adapter.Update("lm_head"));
        Assert.Null(adapter.Replacement(TensorNames.FinalNorm));
    }

    [Fact]
    public void Targets_written_are_the_kinds_adapted_in_every_layer_and_single_names_of_the_others()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1, whole: [TensorNames.InputNorm(3), TensorNames.DecayLog(0), TensorNames.MetaTokens],
            adapts: module => module.EndsWith("x_proj.0", StringComparison.Ordinal) || module == InProj);
        using Adapter adapter = Adapter.Open(reference, Model);
        Assert.Equal([InProj, "x_proj.0"], adapter.Config.TargetModules.Names);
        Assert.Equal(["model.layers.3.input_layernorm"], adapter.Config.ModulesToSave);
        Assert.Equal(Model.LayerCount + 1, AdapterModules.Of(Model).Count(module => adapter.Update(module) is not null));
    }

    [Fact]
    public void An_adapter_is_replaced_whole_by_a_later_one()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1);
        AdapterWriter.Write(reference.Folder, Model, SampleAdapter.Lora,
            [new AdapterTensor(AdapterTensorNames.Whole(TensorNames.MetaTokens), [Model.MetaTokens, Model.HiddenSize], new float[Model.MetaTokens * Model.HiddenSize])], ElementType.BF16);
        using Adapter adapter = Adapter.Open(reference, Model);
        Assert.Equal([TensorNames.MetaTokens], adapter.Replaced);
        Assert.Equal(ElementType.BF16, adapter.Replacement(TensorNames.MetaTokens)!.Type);
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(reference.Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        _folder.Write("occupied", [1]);
        AdapterException error = Assert.Throws<AdapterException>(() => AdapterWriter.Write(_folder.File("occupied"), Model, SampleAdapter.Lora, []));
        Assert.Contains("occupied: cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Magnitudes_may_be_called_by_their_long_name()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1);
        Rewrite(reference, tensor => tensor with { Name = tensor.Name.Replace("lora_magnitude_vector", "lora_magnitude_vector.weight", StringComparison.Ordinal) });
        using Adapter adapter = Adapter.Open(reference, Model);
        Assert.NotNull(adapter.Update(InProj)!.Magnitudes);
    }

    public static TheoryData<string, string?, long[]?, string> Misfits => new()
    {
        { $"base_model.model.{InProj}.lora_A.weight", null, [4, 40], $"{InProj}.lora_A.weight has the shape [4, 40]; this model and adapter_config.json need [3, 40]." },
        { $"base_model.model.{InProj}.lora_A.weight", null, [3, 41], "has the shape [3, 41]" },
        { $"base_model.model.{InProj}.lora_A.weight", null, [120], "has the shape [120]" },
        { $"base_model.model.{InProj}.lora_B.weight", null, [7, 3], $"{InProj}.lora_B.weight has the shape [7, 3]; this model and adapter_config.json need [" },
        { $"base_model.model.{InProj}.lora_B.weight", $"base_model.model.{InProj}.lora_B.default.weight", null, "lora_B.default.weight is not supported" },
        { $"base_model.model.{InProj}.lora_A.weight", "lora_A", null, $"lora_A is no adapter's tensor; names begin as in base_model.model.{InProj}.lora_A.weight." },
        { $"base_model.model.{InProj}.lora_A.weight", "base_model.model.model.layers.99.mamba.in_proj.lora_A.weight", null, "model.layers.99.mamba.in_proj is no matrix of this model that takes a low-rank update; those of its 10 layers do: in_proj, x_proj.0" },
        { $"base_model.model.{InProj}.lora_A.weight", "base_model.model.lm_head.lora_A.weight", null, "lm_head is no matrix of this model that takes a low-rank update" },
        { $"base_model.model.{InProj}.lora_A.weight", "base_model.model.model.embed_tokens.lora_embedding_A", null, "model.embed_tokens.lora_embedding_A is not supported" },
        { $"base_model.model.{InProj}.lora_A.weight", "base_model.model.model.layers.0.mlp.weight", null, "model.layers.0.mlp.weight is not part of this model." },
        { $"base_model.model.{InProj}.lora_A.weight", "base_model.model.x", null, "x is not part of this model." },
        { $"base_model.model.{InProj}.lora_A.weight", $"base_model.model.{InProj}.lora_magnitude_vector", [3, 40], "lora_magnitude_vector: magnitudes, and use_dora of adapter_config.json is not true." },
        { "base_model.model.model.memory_tokens", null, [5, 40], "model.memory_tokens has the shape [5, 40]; this model and adapter_config.json need [4, 40]." },
        { "base_model.model.model.memory_tokens", "base_model.model.lm_head.weight", null, "this model has no lm_head.weight, its embeddings are tied (tie_word_embeddings)." },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void A_tensor_that_does_not_fit_is_refused_by_name(string name, string? otherName, long[]? otherShape, string message)
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1, whole: [TensorNames.MetaTokens]);
        Rewrite(reference, tensor => tensor.Name != name ? tensor : tensor with
        {
            Name = otherName ?? name,
            Shape = otherShape is null ? tensor.Shape : [.. otherShape],
            Values = otherShape is null ? tensor.Values : new float[otherShape.Aggregate(1L, (product, size) => product * size)],
        });
        AdapterException error = Assert.Throws<AdapterException>(() => Adapter.Open(reference, Model));
        Assert.StartsWith(Path.Combine(reference.Folder, "adapter_model.safetensors"), error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora_A.weight")]
    [InlineData("lora_B.weight")]
    [InlineData("lora_magnitude_vector")]
    public void A_tensor_that_lacks_is_named(string ending)
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1);
        Rewrite(reference, tensor => tensor.Name == $"base_model.model.{InProj}.{ending}" ? null : tensor);
        AdapterException error = Assert.Throws<AdapterException>(() => Adapter.Open(reference, Model));
        Assert.Contains($"base_model.model.{InProj}.{ending} is missing; {InProj} is among the target_modules of adapter_config.json.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Magnitudes_twice_are_refused()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1);
        string name = $"base_model.model.{InProj}.lora_magnitude_vector";
        Rewrite(reference, tensor => tensor, new AdapterTensor($"{name}.weight", [1], new float[1]));
        Assert.Contains($"{InProj} has magnitudes twice", Assert.Throws<AdapterException>(() => Adapter.Open(reference, Model)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""["out_proj"]""", null, "is not among the target_modules of adapter_config.json.")]
    [InlineData("""["in_proj", "x_proj.0", "dt_proj.0", "out_proj", "gate_proj", "up_proj", "down_proj"]""", """["final_layernorm"]""", "final_layernorm is among the modules_to_save of adapter_config.json, and there is no tensor of it.")]
    public void Tensors_and_configuration_must_agree(string targets, string? saved, string message)
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        Configure(reference, ("target_modules", JsonNode.Parse(targets)), ("modules_to_save", saved is null ? null : JsonNode.Parse(saved)));
        Assert.Contains(message, Assert.Throws<AdapterException>(() => Adapter.Open(reference, Model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_that_changes_nothing_is_refused()
    {
        AdapterWriter.Write(_folder.File("empty"), Model, SampleAdapter.Lora, []);
        AdapterException error = Assert.Throws<AdapterException>(() => Adapter.Open(new AdapterReference(_folder.File("empty")), Model));
        Assert.Contains("changes nothing of this model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Untied, SampleAdapter.Lora, 1);
        Assert.Throws<AdapterException>(() => Adapter.Open(reference, Model));
    }

    [Fact]
    public void Two_adapters_that_replace_one_tensor_are_refused()
    {
        AdapterReference first = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1, whole: [TensorNames.MetaTokens]);
        AdapterReference second = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 2, whole: [TensorNames.MetaTokens]);
        AdapterException error = Assert.Throws<AdapterException>(() => AdaptedCheckpoint.Open(TestData.Reference(Reference.Shared), Model, [first, second]));
        Assert.Equal($"{second.Folder}: replaces model.memory_tokens, and so does {first.Folder}; one adapter at most may.", error.Message);
    }

    [Fact]
    public void Folders_and_files_that_are_no_adapters_are_named()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        AssertRefused(new AdapterReference(_folder.File("absent")), "absent: there is no such folder.");
        AssertRefused(new AdapterReference(TestData.Reference(Reference.Shared)), "holds no adapter_config.json, so it is no adapter.");
        AssertRefused(reference with { Scale = float.NaN }, "the scale is NaN; allowed are finite numbers.");
        File.Move(Path.Combine(reference.Folder, "adapter_model.safetensors"), Path.Combine(reference.Folder, "adapter_model.bin"));
        AssertRefused(reference, "holds no adapter_model.safetensors; adapter_model.bin is a pickle, which is never read.");
        File.Delete(Path.Combine(reference.Folder, "adapter_model.bin"));
        AssertRefused(reference, "holds no adapter_model.safetensors.");
        File.WriteAllText(Path.Combine(reference.Folder, "adapter_config.json"), "[]");
        AssertRefused(reference, "adapter_config.json: holds []");

        static void AssertRefused(AdapterReference adapter, string message) =>
            Assert.EndsWith(message, Assert.Throws<AdapterException>(() => Adapter.Open(adapter, Model)).Message.Replace("; a configuration is a JSON object.", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read_and_never_anything_else()
    {
        AdapterReference reference = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 1, adapts: module => module == InProj, whole: [TensorNames.MetaTokens]);
        string file = Path.Combine(reference.Folder, "adapter_model.safetensors");
        byte[] sound = File.ReadAllBytes(file);
        int header = 8 + BitConverter.ToInt32(sound);
        Random random = new(1);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            File.WriteAllBytes(file, i % 3 == 0 ? Mutation.Of(sound, random) : [.. Mutation.Of(sound[..header], random), .. sound[header..]]);
            try
            {
                Adapter.Open(reference, Model).Dispose();
            }
            catch (HymbaException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 300);
    }

    /// <summary>Writes the tensors' file again, each tensor changed or, for null, left out.</summary>
    private static void Rewrite(AdapterReference reference, Func<AdapterTensor, AdapterTensor?> change, params AdapterTensor[] more)
    {
        string path = Path.Combine(reference.Folder, "adapter_model.safetensors");
        AdapterTensor[] tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
            tensors = [.. file.Tensors.Select(tensor => change(new AdapterTensor(tensor.Name, tensor.Shape, tensor.ToSingles()))).OfType<AdapterTensor>(), .. more];
        using SafetensorsWriter writer = new(path, tensors.Select(tensor => new TensorInfo(tensor.Name, ElementType.F32, tensor.Shape)));
        foreach (AdapterTensor tensor in tensors)
            writer.Write(tensor.Name, tensor.Values.Span);
        writer.Complete();
    }

    private static void Configure(AdapterReference reference, params (string Key, JsonNode? Value)[] changes)
    {
        string path = Path.Combine(reference.Folder, "adapter_config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach (var (key, value) in changes)
            json[key] = value;
        File.WriteAllText(path, json.ToJsonString());
    }
}
