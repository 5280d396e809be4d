using HymbaSharp.Checkpoints;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class LogitsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string, string> ModelsAndChunks
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string model in (string[])["ntk-shared-kv", "bf16-grouped-query", "untied-alternate-kv"])
            {
                foreach (string chunk in (string[])["1", "7", "512"])
                    data.Add(model, chunk);
            }
            return data;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(ModelsAndChunks))]
    public void They_are_the_original_ones(string model, string chunk)
    {
        Expected expected = new(model);
        string ids = _folder.Write("ids.json", $"[{string.Join(", ", expected.Ids)}]\n");
        string output = _folder.File("logits.safetensors");
        _ = Tool.Run("logits", "-m", TestData.Reference(model), "--ids-file", ids, "--out", output, "--chunk", chunk, "-t", "2").Success;
        AssertClose(expected.Logits, Read(output, expected.Ids.Length));
    }

    [Theory]
    [MemberData(nameof(ModelsAndChunks))]
    public void A_saved_state_goes_on_where_it_was(string model, string chunk)
    {
        Expected expected = new(model);
        int half = expected.Ids.Length / 2;
        string state = _folder.File("half.state"), output = _folder.File("logits.safetensors");
        _ = Tool.Run("logits", "-m", TestData.Reference(model), "--ids", string.Join(',', expected.Ids[..half]), "--save-state", state, "--chunk", chunk).Success;
        _ = Tool.Run("logits", "-m", TestData.Reference(model), "--ids", string.Join(',', expected.Ids[half..]), "--from-state", state, "-o", output, "--chunk", chunk).Success;
        AssertClose(expected.Logits[(half * expected.Vocabulary)..], Read(output, expected.Ids.Length - half));
    }

    [Theory]
    [InlineData("0", "3")]
    [InlineData("0,5,20,21", "4")]
    [InlineData("33", "512")]
    public void Positions_choose_rows(string positions, string chunk)
    {
        Expected expected = new("ntk-shared-kv");
        string output = _folder.File("logits.safetensors");
        int[] rows = [.. positions.Split(',').Select(int.Parse)];
        _ = Tool.Run("logits", "-m", TestData.Reference("ntk-shared-kv"), "--ids", string.Join(',', expected.Ids), "-o", output, "--positions", positions, "--chunk", chunk).Success;
        float[] chosen = [.. rows.SelectMany(row => expected.Logits.Skip(row * expected.Vocabulary).Take(expected.Vocabulary))];
        AssertClose(chosen, Read(output, rows.Length));
    }

    [Fact]
    public void Every_kernel_path_can_be_chosen()
    {
        Expected expected = new("bf16-grouped-query");
        string output = _folder.File("logits.safetensors");
        foreach (Kernels.KernelPath path in Kernels.KernelPaths.Available)
        {
            string name = path.ToString().ToLowerInvariant();
            Outcome outcome = Tool.Run("logits", "-m", TestData.Reference("bf16-grouped-query"), "--ids", string.Join(' ', expected.Ids), "-o", output, "--kernels", name);
            Assert.Equal("", outcome.Success);
            Assert.Contains(name, outcome.Error, StringComparison.Ordinal);
            AssertClose(expected.Logits, Read(output, expected.Ids.Length));
        }
    }

    [Theory]
    [InlineData("--ids: 96 at index 2 is no token of this model; ids are 0 to 95.", "--ids", "1,2,96", "-o")]
    [InlineData("--ids: -1 at index 0 is no token of this model; ids are 0 to 95.", "--ids", "-1", "-o")]
    [InlineData("--ids: 'two' at index 1", "--ids", "1,two", "-o")]
    [InlineData("--ids: there are no token ids.", "--ids", "", "-o")]
    [InlineData("--positions: 3 does not fit", "--ids", "1,2,3", "--positions", "3", "-o")]
    [InlineData("--positions: 1 does not fit", "--ids", "1,2,3", "--positions", "2,1", "-o")]
    [InlineData("--ids or by --ids-file", "-o")]
    public void What_cannot_be_is_refused_and_nothing_written(string message, params string[] args)
    {
        string output = _folder.File("logits.safetensors");
        Assert.Contains(message, Tool.Run(["logits", "-m", TestData.Reference("ntk-shared-kv"), .. args, output]).Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Nothing_to_write_is_refused() =>
        Assert.Contains("Nothing to write", Tool.Run("logits", "-m", TestData.Reference("ntk-shared-kv"), "--ids", "1").Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Fact]
    public void Errors_of_files_and_options_are_named()
    {
        string model = TestData.Reference("ntk-shared-kv"), output = _folder.File("logits.safetensors");
        Assert.Contains("Threads is 0", Tool.Run("logits", "-m", model, "--ids", "1", "-o", output, "-t", "0").Failure(), StringComparison.Ordinal);
        Assert.Contains("holds 2 tokens", Tool.Run("logits", "-m", model, "--ids", "1,2,3", "-o", output, "-c", "2").Failure(), StringComparison.Ordinal);
        Assert.Contains("nowhere", Tool.Run("logits", "-m", model, "--ids", "1", "-o", _folder.File("nowhere", "x")).Failure(), StringComparison.Ordinal);
        string other = _folder.Write("other.state", "no state");
        Assert.Contains("other.state", Tool.Run("logits", "-m", model, "--ids", "1", "-o", output, "--from-state", other).Failure(), StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    private static float[] Read(string path, int rows)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Tensor tensor = Assert.Single(file.Tensors);
        Assert.Equal("logits", tensor.Name);
        Assert.Equal(ElementType.F32, tensor.Type);
        Assert.Equal(2, tensor.Shape.Length);
        Assert.Equal(rows, tensor.Shape[0]);
        return tensor.ToSingles();
    }

    /// <summary>Within 1e-4 of the expected values' standard deviation (docs/numerics.md).</summary>
    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double mean = expected.Average(value => (double)value);
        double deviation = Math.Sqrt(expected.Average(value => (value - mean) * (value - mean)));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs((double)pair.First - pair.Second) / deviation, 0, 1e-4));
    }

    private sealed class Expected
    {
        public Expected(string model)
        {
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestData.Reference(model), "expected.safetensors"));
            Assert.True(file.TryGet("input_ids", out Tensor? ids));
            Assert.True(file.TryGet("logits", out Tensor? logits));
            Ids = [.. ids.ToInt64s().Select(id => (int)id)];
            Logits = logits.ToSingles();
            Vocabulary = (int)logits.Shape[1];
        }

        public int[] Ids { get; }

        public float[] Logits { get; }

        public int Vocabulary { get; }
    }
}
