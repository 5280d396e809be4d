using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;

namespace HymbaSharp.Cli.Tests.Commands;

/// <summary>The option --adapter of the commands that open a model.</summary>
public sealed class AdapterTests : IDisposable
{
    private const int Hidden = 40;
    private const string Model = "ntk-shared-kv";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Adapters_and_scales_change_the_logits_as_the_library_does()
    {
        string first = Write("first", 1), second = Write("second", 2);
        float[] plain = Logits(), one = Logits(first), half = Logits($"{first}=0.5"), both = Logits($"{first}=-2", second);
        Assert.Equal(plain, Logits($"{first}=0"));
        Assert.Equal(Library(new AdapterReference(first)), one);
        Assert.Equal(Library(new AdapterReference(first, 0.5f)), half);
        Assert.Equal(Library(new AdapterReference(first, -2), new AdapterReference(second)), both);
        Assert.Equal(4, new[] { plain, one, half, both }.Select(logits => logits[0]).Distinct().Count());
    }

    [Fact]
    public void A_folder_whose_name_has_an_equals_sign_is_a_folder()
    {
        string folder = Write("rate=2", 1);
        Assert.Equal(Library(new AdapterReference(folder)), Logits(folder));
        Assert.Equal(Library(new AdapterReference(folder, 3)), Logits($"{folder}=3"));
    }

    [Theory]
    [InlineData("generate", "-p", "a")]
    [InlineData("chat")]
    [InlineData("logits", "--ids", "1", "-o", "x")]
    [InlineData("bench")]
    public void Every_command_that_opens_a_model_takes_it(string command, params string[] args) => Assert.EndsWith(
        "absent: there is no such folder.",
        Tool.Run([command, .. args, "-m", TestData.Reference(Model), "--adapter", _folder.File("absent")]).Failure(),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("=1", "The adapter is '=1'; expected FOLDER or FOLDER=SCALE.")]
    [InlineData("", "The adapter is ''; expected FOLDER or FOLDER=SCALE.")]
    [InlineData("x=fast", "The scale of the adapter x is 'fast'; expected a finite number.")]
    [InlineData("x=", "The scale of the adapter x is ''; expected a finite number.")]
    [InlineData("x=NaN", "The scale of the adapter x is 'NaN'; expected a finite number.")]
    public void A_wrong_scale_is_answered_by_one_line(string adapter, string message) => Assert.Equal(
        message, Tool.Run("logits", "-m", TestData.Reference(Model), "--ids", "1", "-o", _folder.File("x"), "--adapter", adapter).Failure(ToolRunner.Misused));

    [Fact]
    public void What_does_not_fit_is_answered_by_one_line()
    {
        string folder = Write("first", 1);
        Assert.Contains("has the shape", Tool.Run("logits", "-m", TestData.Reference("untied-alternate-kv"), "--ids", "1", "-o", _folder.File("x"), "--adapter", folder).Failure(), StringComparison.Ordinal);
        string config = Path.Combine(folder, "adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("LORA", "IA3", StringComparison.Ordinal));
        Assert.EndsWith("peft_type is \"IA3\"; supported: \"LORA\".", Tool.Run("logits", "-m", TestData.Reference(Model), "--ids", "1", "-o", _folder.File("x"), "--adapter", folder).Failure(), StringComparison.Ordinal);
    }

    private float[] Logits(params string[] adapters)
    {
        string output = _folder.File("logits.safetensors");
        _ = Tool.Run(["logits", "-m", TestData.Reference(Model), "--ids", "1,2,3", "-o", output, "-t", "1", .. adapters.SelectMany(adapter => new[] { "--adapter", adapter })]).Success;
        using SafetensorsFile file = SafetensorsFile.Open(output);
        return file.Tensors[0].ToSingles();
    }

    private static float[] Library(params AdapterReference[] adapters)
    {
        using HymbaModel model = HymbaModel.Load(TestData.Reference(Model), new HymbaModelOptions { Threads = 1, Adapters = adapters });
        using HymbaSession session = model.StartSession();
        List<float> all = [];
        session.Append([1, 2, 3], (_, logits) => all.AddRange(logits));
        return [.. all];
    }

    /// <summary>An adapter of rank 2 of one layer's MLP gate, by hand: the tool's tests see only what users see.</summary>
    private string Write(string name, int seed)
    {
        const string Module = "model.layers.0.moe.experts.0.gate_proj";
        _ = _folder.Write($"{name}/adapter_config.json", $$"""
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["{{Module}}"], "bias": "none", "use_dora": false}
            """);
        Random random = new(seed);
        using SafetensorsWriter writer = new(_folder.File(name, "adapter_model.safetensors"),
        [
            new TensorInfo($"base_model.model.{Module}.lora_A.weight", ElementType.F32, [2, Hidden]),
            new TensorInfo($"base_model.model.{Module}.lora_B.weight", ElementType.F32, [64, 2]),
        ]);
        writer.Write($"base_model.model.{Module}.lora_A.weight", Drawn(2 * Hidden));
        writer.Write($"base_model.model.{Module}.lora_B.weight", Drawn(64 * 2));
        writer.Complete();
        return _folder.File(name);

        float[] Drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
