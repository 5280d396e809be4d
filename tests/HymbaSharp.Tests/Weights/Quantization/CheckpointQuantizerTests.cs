using System.Text.Json.Nodes;
using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Diagnostics;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Weights.Quantization;

public sealed class CheckpointQuantizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, QuantizationScheme> Each
    {
        get
        {
            TheoryData<string, QuantizationScheme> data = [];
            foreach (string name in Reference.Names)
            {
                foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>())
                    data.Add(name, scheme);
            }
            return data;
        }
    }

    public static TheoryData<string> Names => Reference.All;

    private string Quantized => _folder.File("quantized");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Each))]
    public void The_written_model_is_the_one_quantised_while_opening(string name, QuantizationScheme scheme)
    {
        CheckpointQuantizer.Write(TestData.Reference(name), Quantized, scheme);
        using HymbaModel plain = Reference.Open(name), written = HymbaModel.Load(Quantized, Reference.Options(256));
        using HymbaModel opened = HymbaModel.Load(TestData.Reference(name), Reference.Options(256) with { Quantization = scheme });
        int[] text = Reference.Text(plain, 40);
        using HymbaSession a = written.StartSession(), b = opened.StartSession(), c = plain.StartSession();
        a.Append(text);
        b.Append(text);
        c.Append(text);
        Assert.Equal(a.Logits, b.Logits);
        Assert.NotEqual(c.Logits.ToArray(), a.Logits.ToArray());
        Assert.Equal(scheme, written.Config.Quantization);
        Assert.True(written.WeightBytesPerToken < plain.WeightBytesPerToken);
        Assert.Equal(3, new HashSet<UInt128> { plain.Fingerprint, written.Fingerprint, opened.Fingerprint }.Count);
    }

    /// <summary>The reference models' random weights blow every rounding up; a trained model's don't (see the demonstration model's test).</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Eight_bits_stay_nearer_to_the_model_than_four(string name)
    {
        double[] errors = [.. new[] { QuantizationScheme.Q8, QuantizationScheme.Q4 }.Select(scheme =>
        {
            using HymbaModel plain = Reference.Open(name);
            using HymbaModel quantized = HymbaModel.Load(TestData.Reference(name), Reference.Options(256) with { Quantization = scheme });
            int[] text = Reference.Text(plain, 60);
            using HymbaSession a = plain.StartSession(), b = quantized.StartSession();
            double error = 0, energy = 0;
            for (int i = 0; i < text.Length; i++)
            {
                a.Append(text[i]);
                b.Append(text[i]);
                for (int j = 0; j < a.Logits.Length; j++)
                    (error, energy) = (error + Math.Pow(a.Logits[j] - b.Logits[j], 2), energy + Math.Pow(a.Logits[j], 2));
            }
            return Math.Sqrt(error / energy);
        })];
        Assert.InRange(errors[0], 1e-4, 0.15);
        Assert.InRange(errors[1], 3 * errors[0], 1);
    }

    /// <summary>On a short text in the model's own form, where one token is half a percent; docs/numerics.md has the figures over a long one.</summary>
    [Theory]
    [InlineData(QuantizationScheme.Q8, 1e-3, 0.97)]
    [InlineData(QuantizationScheme.Q4, 2e-2, 0.93)]
    public void The_demonstration_model_keeps_its_predictions(QuantizationScheme scheme, double mostDivergence, double leastSame)
    {
        string folder = Path.Combine(TestData.Repository, "models", "hymba-demo");
        using HymbaModel plain = HymbaModel.Load(folder, Reference.Options()), quantized = HymbaModel.Load(folder, Reference.Options() with { Quantization = scheme });
        string passage = File.ReadAllText(Path.Combine(folder, "examples", "passage.txt"));
        string text = plain.ChatTemplate!.Render(new ChatTemplateInput
        {
            Messages =
            [
                new("user", "Who built the mill Torvane?"), new("assistant", "It was Selma Dorrick."), new("user", "Who owns the mill Torvane?"), new("assistant", "It is Hanno Brill."),
                new("user", "Where is the castle Ambrel?"), new("assistant", "In Kostenwick."), new("user", "What is 17 + 25?"), new("assistant", "17 + 25: 7 + 5 = 12, 1 + 2 + 1 = 4. 17 + 25 = 42. The answer is 42."),
            ],
            Contexts = [passage],
        });
        ModelComparison result = ModelComparison.Run(plain, quantized, plain.Tokenizer!.Encode(text, addBos: true));
        Assert.InRange(result.MeanDivergence, 0, mostDivergence);
        Assert.InRange(result.SameTop, leastSame, 1);
    }

    /// <summary>Sums over blocks have one order, whatever the number of rows: reading a prompt at once or token by token is the same in the matrices.</summary>
    [Theory]
    [InlineData(QuantizationScheme.Q8)]
    [InlineData(QuantizationScheme.Q4)]
    public void Prefill_and_decode_agree(QuantizationScheme scheme)
    {
        using HymbaModel model = HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options(256) with { Quantization = scheme });
        int[] text = Reference.Text(model, 50);
        using HymbaSession together = model.StartSession(), apart = model.StartSession();
        together.Append(text);
        float[][] steps = Reference.Steps(apart, text);
        float deviation = MathF.Sqrt(together.Logits.ToArray().Average(x => x * x));
        for (int i = 0; i < together.Logits.Length; i++)
            Assert.InRange(steps[^1][i] - together.Logits[i], -0.1f * deviation, 0.1f * deviation);
    }

    [Fact]
    public void The_file_has_blocks_at_cache_lines_and_the_scheme_in_its_configuration()
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q4);
        using Checkpoint checkpoint = Checkpoint.Open(Quantized);
        Assert.Empty(checkpoint.Validate(HymbaConfig.Load(Quantized)));
        long start = new FileInfo(Path.Combine(Quantized, "model.safetensors")).Length - checkpoint.Files[0].Tensors.Sum(tensor => tensor.ByteLength);
        foreach (Tensor tensor in checkpoint.Files[0].Tensors)
        {
            if (tensor.Type == ElementType.U8)
                Assert.Equal(0, start % 64);
            bool isMatrix = tensor.Name.Contains("proj", StringComparison.Ordinal) && !tensor.Name.EndsWith("bias", StringComparison.Ordinal);
            Assert.Equal(isMatrix || tensor.Name == TensorNames.TokenEmbedding, tensor.Type == ElementType.U8);
            start += tensor.ByteLength;
        }
        JsonNode section = JsonNode.Parse(File.ReadAllText(Path.Combine(Quantized, "config.json")))!["quantization_config"]!;
        Assert.Equal("""{"quant_method":"hymbasharp","version":2,"scheme":"q4"}""", section.ToJsonString());
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Untied), Quantized, QuantizationScheme.Q4);
        CheckpointQuantizer.Write(TestData.Reference(Reference.Untied), _folder.File("again"), QuantizationScheme.Q4);
        foreach (string file in Directory.GetFiles(Quantized))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_folder.File("again"), Path.GetFileName(file))));
    }

    [Theory]
    [InlineData("\"version\": 2", "\"version\": 1")]
    [InlineData("\"quant_method\": \"hymbasharp\"", "\"quant_method\": \"gptq\"")]
    [InlineData("\"scheme\": \"q8\"", "\"scheme\": \"q2\"")]
    [InlineData("\"scheme\": \"q8\"", "\"scheme\": 8")]
    public void Another_scheme_is_refused_by_name(string written, string changed)
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8);
        string file = Path.Combine(Quantized, "config.json"), json = File.ReadAllText(file);
        Assert.Contains(written, json);
        File.WriteAllText(file, json.Replace(written, changed));
        HymbaConfigException error = Assert.Throws<HymbaConfigException>(() => HymbaModel.Load(Quantized, Reference.Options()));
        Assert.Contains("quantization_config is {", error.Message);
        Assert.Contains("supported: quant_method \"hymbasharp\", version 2, scheme q8 or q4", error.Message);
    }

    [Fact]
    public void A_damaged_scale_is_found_before_use()
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8);
        string file = Path.Combine(Quantized, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        long place;
        using (SafetensorsFile opened = SafetensorsFile.Open(file))
            place = bytes.Length - opened.Tensors.Sum(tensor => tensor.ByteLength) + opened.Tensors[0].Shape[1];
        (bytes[place], bytes[place + 1]) = (0x80, 0x7F);
        File.WriteAllBytes(file, bytes);
        CheckpointException error = Assert.Throws<CheckpointException>(() => HymbaModel.Load(Quantized, Reference.Options()));
        Assert.Equal("model.embed_tokens.weight is damaged: a scale of rows 16 to 31 is not finite.", error.Message);
    }

    [Fact]
    public void Blocks_of_another_size_are_refused_with_the_sizes_that_fit()
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8);
        string file = Path.Combine(Quantized, "config.json"), json = File.ReadAllText(file);
        File.WriteAllText(file, json.Replace("\"vocab_size\": 96", "\"vocab_size\": 113"));
        CheckpointException error = Assert.Throws<CheckpointException>(() => HymbaModel.Load(Quantized, Reference.Options()));
        Assert.Contains("model.embed_tokens.weight is U8 [6, ", error.Message);
        Assert.Contains("blocks of a matrix [113, ", error.Message);
        Assert.Contains("are Q8 [8, ", error.Message);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_weight_that_is_not_finite_is_named_and_nothing_is_left(float weight)
    {
        string source = _folder.File("source");
        _ = Directory.CreateDirectory(source);
        Reference.Copy(Reference.Shared, source);
        HymbaConfig config = HymbaConfig.Load(source);
        using (Checkpoint checkpoint = Checkpoint.Open(TestData.Reference(Reference.Shared)))
        using (SafetensorsWriter writer = new(Path.Combine(source, "model.safetensors"), TensorNames.Expected(config).Select(t => new TensorInfo(t.Name, ElementType.F32, [.. t.Shape]))))
        {
            foreach ((string name, long[] shape) in TensorNames.Expected(config))
            {
                float[] values = checkpoint.Get(name, shape).ToSingles();
                if (name == TensorNames.MlpUp(1))
                    values[(3 * config.HiddenSize) + 2] = weight;
                writer.Write(name, values);
            }
            writer.Complete();
        }
        string message = $"{TensorNames.MlpUp(1)}: the weight at row 3, column 2 is {weight}; only finite weights can be quantised.";
        Assert.Equal(message, Assert.Throws<CheckpointException>(() => CheckpointQuantizer.Write(source, Quantized, QuantizationScheme.Q4)).Message);
        Assert.Equal(message, Assert.Throws<CheckpointException>(() => HymbaModel.Load(source, Reference.Options() with { Quantization = QuantizationScheme.Q8 })).Message);
        Assert.Equal(["source"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_folder_with_something_in_it_stays_as_it_is()
    {
        _ = Directory.CreateDirectory(Quantized);
        File.WriteAllText(Path.Combine(Quantized, "mine"), "kept");
        Assert.Contains("is not empty", Assert.Throws<CheckpointException>(() => CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8)).Message);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(Quantized, "mine")));
    }

    [Fact]
    public void A_quantised_model_is_not_quantised_again()
    {
        CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8);
        Assert.Contains("is quantised already (q8)", Assert.Throws<CheckpointException>(() => CheckpointQuantizer.Write(Quantized, _folder.File("twice"), QuantizationScheme.Q4)).Message);
    }

    [Fact]
    public void When_cancelled_nothing_is_left()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => CheckpointQuantizer.Write(TestData.Reference(Reference.Shared), Quantized, QuantizationScheme.Q8, cancellationToken: cancelled.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }
}
