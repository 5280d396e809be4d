using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Adapters;

public sealed class AdapterMergeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Every_matrix_is_the_formula_and_every_other_tensor_as_it_was(bool dora, bool rankStabilised)
    {
        const float Scale = 0.75f;
        AdapterConfig config = (dora ? SampleAdapter.Dora : SampleAdapter.Lora) with
        {
            RankStabilised = rankStabilised,
            RankPattern = [(ModulePattern.OfEnd("", "layers.2.mamba.in_proj"), 2), (ModulePattern.OfEnd("", "up_proj"), 7)],
            AlphaPattern = [(ModulePattern.OfEnd("", "down_proj"), 11)],
        };
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Untied, config, 1) with { Scale = Scale };
        AdapterMerge.Write(TestData.Reference(Reference.Untied), [adapter], _folder.File("merged"), ElementType.F32);

        HymbaConfig model = HymbaConfig.Load(_folder.File("merged"));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(adapter.Folder, "adapter_model.safetensors"));
        using Checkpoint before = Checkpoint.Open(TestData.Reference(Reference.Untied)), after = Checkpoint.Open(_folder.File("merged"));
        Dictionary<string, float[]> parts = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.ToSingles());
        int adapted = 0;
        foreach (var (name, shape) in TensorNames.Expected(model))
        {
            float[] expected = before.Get(name, shape).ToSingles();
            string prefix = $"base_model.model.{name.Replace(".weight", "", StringComparison.Ordinal)}.";
            if (parts.TryGetValue($"{prefix}lora_A.weight", out float[]? a))
            {
                adapted++;
                int rank = name.Contains("layers.2.mamba.in_proj", StringComparison.Ordinal) ? 2 : name.Contains("up_proj", StringComparison.Ordinal) ? 7 : config.Rank;
                double alpha = name.Contains("down_proj", StringComparison.Ordinal) ? 11 : config.Alpha;
                double scale = Scale * alpha / (rankStabilised ? Math.Sqrt(rank) : rank);
                expected = Updated(expected, (int)shape[1], a, parts[$"{prefix}lora_B.weight"], rank, scale, parts.GetValueOrDefault($"{prefix}lora_magnitude_vector"));
            }
            float[] actual = after.Get(name, shape).ToSingles();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i] == actual[i] || Math.Abs(expected[i] - actual[i]) <= 1e-6 * Math.Abs(expected[i]), $"{name}[{i}]: {actual[i]}, expected {expected[i]}");
        }
        Assert.Equal(7 * model.LayerCount, adapted);
        Assert.Empty(after.Validate(model));
    }

    [Fact]
    public void Tensors_held_whole_take_the_place_of_the_models()
    {
        string[] whole = [TensorNames.MetaTokens, TensorNames.InputNorm(0), TensorNames.Skip(1), TensorNames.TokenEmbedding];
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1, adapts: _ => false, whole: whole) with { Scale = 0.5f };
        AdapterMerge.Write(TestData.Reference(Reference.Shared), [adapter], _folder.File("merged"));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(adapter.Folder, "adapter_model.safetensors"));
        using Checkpoint before = Checkpoint.Open(TestData.Reference(Reference.Shared)), after = Checkpoint.Open(_folder.File("merged"));
        foreach (var (name, shape) in TensorNames.Expected(HymbaConfig.Load(_folder.File("merged"))))
        {
            Tensor expected = whole.Contains(name) ? file.Tensors.Single(tensor => tensor.Name == $"base_model.model.{name}") : before.Get(name, shape);
            Assert.Equal(expected.ToSingles(), after.Get(name, shape).ToSingles());
        }
    }

    [Theory]
    [InlineData(null, "bfloat16")]
    [InlineData(ElementType.F16, "float16")]
    [InlineData(ElementType.F32, "float32")]
    public void Types_are_the_models_or_those_asked_for(ElementType? type, string named)
    {
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Grouped, SampleAdapter.Lora, 1, whole: [TensorNames.MetaTokens]);
        AdapterMerge.Write(TestData.Reference(Reference.Grouped), [adapter], _folder.File("merged"), type);
        HymbaConfig config = HymbaConfig.Load(_folder.File("merged"));
        Assert.Equal(named, config.StoredType);
        using Checkpoint before = Checkpoint.Open(TestData.Reference(Reference.Grouped)), after = Checkpoint.Open(_folder.File("merged"));
        foreach (var (name, shape) in TensorNames.Expected(config))
            Assert.Equal(type ?? before.Get(name, shape).Type, after.Get(name, shape).Type);
    }

    [Fact]
    public void The_merged_checkpoint_has_the_tokenizer_and_speaks()
    {
        string model = _folder.File("model"), merged = _folder.File("merged");
        _ = Directory.CreateDirectory(model);
        TextModel.Write(model);
        File.WriteAllText(Path.Combine(model, "LICENSE"), "terms");
        File.WriteAllText(Path.Combine(model, "notes.txt"), "not part of a checkpoint");
        HymbaConfig config = HymbaConfig.Load(model);
        AdapterWriter.Write(_folder.File("adapter"), config, SampleAdapter.Lora,
            [new AdapterTensor(AdapterTensorNames.Whole(TensorNames.FinalNorm), [config.HiddenSize], new float[config.HiddenSize])]);
        AdapterMerge.Write(model, [new AdapterReference(_folder.File("adapter"))], merged);
        Assert.Equal(
            ["LICENSE", "config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json"],
            Directory.GetFiles(merged).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "config.json")), File.ReadAllBytes(Path.Combine(merged, "config.json")));
        using HymbaModel opened = HymbaModel.Load(merged, Reference.Options());
        using HymbaSession session = opened.StartSession();
        session.Append(opened.Tokenizer!.Encode("a b"));
        Assert.Equal(new float[config.VocabularySize], session.Logits.ToArray());
    }

    [Fact]
    public void What_is_no_number_stays_in_its_row()
    {
        HymbaConfig model = HymbaConfig.Load(TestData.Reference(Reference.Shared));
        string module = AdapterModules.Of(model).First();
        using Checkpoint before = Checkpoint.Open(TestData.Reference(Reference.Shared));
        long[] shape = TensorNames.Expected(model).Single(tensor => tensor.Name == AdapterModules.WeightOf(module)).Shape;
        float[] magnitudes = [.. SampleAdapter.Norms(before.Get(AdapterModules.WeightOf(module), shape)).Select((norm, row) => row % 3 == 0 ? float.NaN : (float)norm)];
        AdapterWriter.Write(_folder.File("adapter"), model, SampleAdapter.Dora with { Rank = 1 },
        [
            new AdapterTensor(AdapterTensorNames.Down(module), [1, shape[1]], new float[shape[1]]),
            new AdapterTensor(AdapterTensorNames.Up(module), [shape[0], 1], new float[shape[0]]),
            new AdapterTensor(AdapterTensorNames.Magnitudes(module), [shape[0]], magnitudes),
        ]);
        AdapterMerge.Write(TestData.Reference(Reference.Shared), [new AdapterReference(_folder.File("adapter"))], _folder.File("merged"));
        using Checkpoint after = Checkpoint.Open(_folder.File("merged"));
        foreach (var (row, values) in after.Get(AdapterModules.WeightOf(module), shape).ToSingles().Chunk((int)shape[1]).Index())
            Assert.Equal(row % 3 == 0, values.All(float.IsNaN));
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        Reports reports = new();
        AdapterMerge.Write(TestData.Reference(Reference.Shared), [adapter], _folder.File("merged"), progress: reports);
        Assert.Equal(reports.Order(), reports);
        Assert.Equal(1, reports[^1]);
    }

    [Fact]
    public void Stopping_leaves_no_weights_behind()
    {
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        using CancellationTokenSource stop = new();
        Reports reports = new() { OnReport = fraction => { if (fraction > 0.5) stop.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() =>
            AdapterMerge.Write(TestData.Reference(Reference.Shared), [adapter], _folder.File("merged"), progress: reports, cancellationToken: stop.Token));
        Assert.Empty(Directory.GetFiles(_folder.File("merged")));
    }

    [Fact]
    public void What_cannot_be_merged_is_refused()
    {
        string model = TestData.Reference(Reference.Shared), merged = _folder.File("merged");
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        Assert.Contains("no adapter", Assert.Throws<AdapterException>(() => AdapterMerge.Write(model, [], merged)).Message, StringComparison.Ordinal);
        Assert.Contains("I8 was asked for", Assert.Throws<CheckpointException>(() => AdapterMerge.Write(model, [adapter], merged, ElementType.I8)).Message, StringComparison.Ordinal);
        Assert.Contains("already holds model.safetensors", Assert.Throws<CheckpointException>(() => AdapterMerge.Write(model, [adapter], model)).Message, StringComparison.Ordinal);
        Assert.Throws<HymbaConfigException>(() => AdapterMerge.Write(_folder.File("absent"), [adapter], merged));
        Assert.Throws<AdapterException>(() => AdapterMerge.Write(model, [new AdapterReference(_folder.File("absent"))], merged));
        Assert.False(Directory.Exists(merged));
        _folder.Write("occupied", [1]);
        Assert.Throws<CheckpointException>(() => AdapterMerge.Write(model, [adapter], _folder.File("occupied")));
    }

    /// <summary>W + s·B·A, and with magnitudes each row of it brought to that length.</summary>
    private static float[] Updated(float[] weights, int columns, float[] a, float[] b, int rank, double scale, float[]? magnitudes)
    {
        double[] sum = [.. weights.Select(weight => (double)weight)];
        for (int i = 0; i < sum.Length; i++)
        {
            for (int k = 0; k < rank; k++)
                sum[i] += scale * b[(i / columns * rank) + k] * a[(k * columns) + (i % columns)];
        }
        for (int row = 0; magnitudes is not null && row < magnitudes.Length; row++)
        {
            double norm = Math.Sqrt(sum.AsSpan(row * columns, columns).ToArray().Sum(value => value * value));
            for (int i = row * columns; i < (row + 1) * columns; i++)
                sum[i] *= magnitudes[row] / norm;
        }
        return [.. sum.Select(value => (float)value)];
    }

    private sealed class Reports : List<double>, IProgress<double>
    {
        public Action<double>? OnReport { get; init; }

        public void Report(double value)
        {
            Add(value);
            OnReport?.Invoke(value);
        }
    }
}
