using System.IO.Hashing;
using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Checkpoints;

public sealed class RandomCheckpointTests
{
    [Theory]
    [InlineData("ntk-shared-kv", ElementType.F32)]
    [InlineData("bf16-grouped-query", ElementType.BF16)]
    [InlineData("untied-alternate-kv", ElementType.F32)]
    public void Writes_a_checkpoint_that_fits_its_configuration(string model, ElementType type)
    {
        using var folder = new TemporaryFolder();
        string target = folder.File("new");
        RandomCheckpoint.Write(TestData.Reference(model), target, seed: 1);

        Assert.Equal(File.ReadAllBytes(Path.Combine(TestData.Reference(model), "config.json")), File.ReadAllBytes(Path.Combine(target, "config.json")));
        Assert.Equal(2, Directory.GetFileSystemEntries(target).Length);
        using var checkpoint = Checkpoint.Open(target);
        Assert.Empty(checkpoint.Validate(HymbaConfig.Load(target)));
        Assert.All(checkpoint.Files[0].Tensors, tensor => Assert.Equal(type, tensor.Type));
    }

    [Fact]
    public void Draws_each_tensor_from_its_distribution()
    {
        using var folder = new TemporaryFolder();
        WriteWithAllParts(folder.Path);
        var config = HymbaConfig.Load(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var seen = new HashSet<string>();
        foreach (var (name, shape) in TensorNames.Expected(config))
        {
            float[] values = checkpoint.Get(name, shape).ToSingles();
            string kind = name.Contains("norm", StringComparison.Ordinal) || name.EndsWith("D.0", StringComparison.Ordinal) ? "one"
                : name.EndsWith("A_log.0", StringComparison.Ordinal) ? "decay"
                : name.EndsWith("dt_proj.0.bias", StringComparison.Ordinal) ? "step"
                : name.EndsWith("bias", StringComparison.Ordinal) ? "zero"
                : name.EndsWith("conv1d.weight", StringComparison.Ordinal) ? "uniform" : "normal";
            _ = seen.Add(kind);
            switch (kind)
            {
                case "one":
                    Assert.All(values, value => Assert.Equal(1f, value));
                    break;
                case "zero":
                    Assert.All(values, value => Assert.Equal(0f, value));
                    break;
                case "decay":
                    for (int i = 0; i < values.Length; i++)
                        Assert.Equal((i % 4) + 1, Math.Exp(values[i]), 1e-5);
                    break;
                case "step":
                    double[] steps = [.. values.Select(value => double.LogP1(Math.Exp(value)))];
                    Assert.All(steps, step => Assert.InRange(step, 0.000999, 0.1001));
                    Assert.InRange(steps.Average(step => Math.Log(step)), -4.605 - 0.5, -4.605 + 0.5);
                    break;
                case "uniform":
                    Assert.All(values, value => Assert.InRange(value, -0.5f, 0.5f));
                    Assert.InRange(Deviation(values), 0.5 / Math.Sqrt(3) * 0.85, 0.5 / Math.Sqrt(3) * 1.15);
                    break;
                default:
                    // Six standard errors of the mean and of the deviation.
                    double error = 6 * 0.02 / Math.Sqrt(values.Length);
                    Assert.InRange(values.Average(), -error, error);
                    Assert.InRange(Deviation(values), 0.02 - error, 0.02 + error);
                    break;
            }
        }
        Assert.Equal(6, seen.Count);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_every_machine()
    {
        using var folder = new TemporaryFolder();
        string config = TestData.Reference("ntk-shared-kv");
        RandomCheckpoint.Write(config, folder.File("a"), seed: 42);
        RandomCheckpoint.Write(config, folder.File("b"), seed: 42);
        RandomCheckpoint.Write(config, folder.File("c"), seed: 43);
        Assert.Equal(Hash(folder.File("a")), Hash(folder.File("b")));
        Assert.NotEqual(Hash(folder.File("a")), Hash(folder.File("c")));
        Assert.Equal("1811A12185147BBBEF40ED931AA04815", Hash(folder.File("a")));
    }

    [Fact]
    public void A_given_type_is_written_and_stated()
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(TestData.Reference("ntk-shared-kv"), folder.Path, seed: 1, ElementType.F16);
        Assert.Equal("float16", HymbaConfig.Load(folder.Path).StoredType);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.All(checkpoint.Files[0].Tensors, tensor => Assert.Equal(ElementType.F16, tensor.Type));
    }

    [Fact]
    public void Refuses_a_type_that_weights_do_not_have_and_a_folder_that_is_taken()
    {
        using var folder = new TemporaryFolder();
        string config = TestData.Reference("ntk-shared-kv");
        _ = Assert.Throws<CheckpointException>(() => RandomCheckpoint.Write(config, folder.File("a"), 1, ElementType.I8));
        string other = folder.Write("config.json", Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(config, "config.json")).Replace("\"float32\"", "\"float8\"", StringComparison.Ordinal)));
        Assert.Contains("torch_dtype is float8", Assert.Throws<CheckpointException>(() => RandomCheckpoint.Write(other, folder.File("a"), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("already holds", Assert.Throws<CheckpointException>(() => RandomCheckpoint.Write(config, config, 1)).Message, StringComparison.Ordinal);
        Assert.Equal([other], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Reports_progress_and_leaves_no_weights_when_cancelled()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        var progress = new Recorder(fraction =>
        {
            if (fraction > 0.5)
                cancellation.Cancel();
        });
        string config = TestData.Reference("ntk-shared-kv");
        _ = Assert.Throws<OperationCanceledException>(() => RandomCheckpoint.Write(config, folder.Path, 1, progress: progress, cancellationToken: cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        RandomCheckpoint.Write(config, folder.Path, 1, progress: progress);
        Assert.Equal(1, progress.Last);
    }

    [Fact]
    public void Numbers_do_not_depend_on_how_a_tensor_is_divided()
    {
        var random = new CounterRandom(7, "t");
        float[] whole = new float[1001], parts = new float[1001];
        random.Normal(whole, 0, 1);
        random.Normal(parts.AsSpan(0, 500), 0, 1);
        random.Normal(parts.AsSpan(500), 500, 1);
        Assert.Equal(whole, parts);
    }

    [Fact]
    public void Normal_numbers_have_the_moments_and_tails_of_a_normal_distribution()
    {
        float[] values = new float[1_000_000];
        new CounterRandom(11, "t").Normal(values, 0, 1);
        Assert.InRange(values.Average(value => (double)value), -0.006, 0.006);
        Assert.InRange(values.Average(value => Math.Pow(value, 2)), 0.99, 1.01);
        Assert.InRange(values.Average(value => Math.Pow(value, 3)), -0.03, 0.03);
        Assert.InRange(values.Average(value => Math.Pow(value, 4)), 2.93, 3.07);
        Assert.InRange(values.Count(value => Math.Abs(value) > 3), 2400, 3000);
        // Neighbours are drawn from one pair: sine and cosine are uncorrelated.
        Assert.InRange(Enumerable.Range(0, 500_000).Average(i => (double)values[2 * i] * values[(2 * i) + 1]), -0.01, 0.01);
    }

    [Fact]
    public void Logarithm_and_exponential_agree_with_the_library()
    {
        for (double x = 1e-17; x < 5000; x *= 1.37)
            Assert.Equal(Math.Log(x), CounterRandom.Log(x), 1e-12);
        for (double x = -20; x <= 20; x += 0.37)
            Assert.Equal(1, CounterRandom.Exp(x) / Math.Exp(x), 1e-12);
    }

    private static void WriteWithAllParts(string folder)
    {
        var json = JsonNode.Parse(File.ReadAllBytes(Path.Combine(TestData.Reference("ntk-shared-kv"), "config.json")))!.AsObject();
        json["mamba_proj_bias"] = true;
        json["kq_norm"] = "perhead-rms";
        json["tie_word_embeddings"] = false;
        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, json.ToJsonString());
        RandomCheckpoint.Write(config, folder, seed: 5);
    }

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(value => (double)value * value));

    private static string Hash(string folder) => Convert.ToHexString(XxHash128.Hash(File.ReadAllBytes(Path.Combine(folder, Checkpoint.FileName))));

    private sealed class Recorder(Action<double> report) : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value)
        {
            Assert.True(value > 0 && value <= 1);
            Last = value;
            report(value);
        }
    }
}
