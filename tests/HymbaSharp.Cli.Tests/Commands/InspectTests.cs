using System.Text.Json;
using HymbaSharp.Cli.Inspection;
using HymbaSharp.Configuration;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class InspectTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_layer_map_shows_windows_globals_and_borrowed_keys_and_values()
    {
        string[] lines = Tool.Run("inspect", TestData.Reference("ntk-shared-kv")).Success.Split('\n');
        int first = Array.FindIndex(lines, line => line.StartsWith("Layer", StringComparison.Ordinal)) + 1;
        string unseen = new('·', 38), all = new('█', 39);
        Assert.Equal(
            [
                $"    0  ▒{all}  global  ●",
                $"    1  ▒{unseen}█  window  ●─┐",
                $"    2  ▒{unseen}█  window  ○─┘  of layer 1",
                $"    3  ▒{unseen}█  window  ●",
                $"    4  ▒{all}  global  ●",
                $"    5  ▒{unseen}█  window  ●─┐",
                $"    6  ▒{unseen}█  window  ○─┤  of layer 5",
                $"    7  ▒{unseen}█  window  ○─┘  of layer 5",
                $"    8  ▒{unseen}█  window  ●",
                $"    9  ▒{all}  global  ●",
            ],
            lines[first..(first + 10)]);
    }

    [Theory]
    [InlineData("ntk-shared-kv", "222 K F32")]
    [InlineData("bf16-grouped-query", "BF16")]
    [InlineData("untied-alternate-kv", "an output matrix of its own")]
    public void Every_reference_model_is_described_in_80_columns_without_colours(string name, string expected)
    {
        string text = Tool.Run("inspect", "-m", TestData.Reference(name)).Success;
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', text);
        // The first line is the path.
        Assert.All(text.Split('\n').Skip(1), line => Assert.InRange(line.Length, 0, 80));
        Assert.DoesNotContain("problem", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_alone_is_enough()
    {
        SmallCheckpoint.WriteFiles(_folder);
        string text = Tool.Run("inspect", _folder.Path).Success;
        Assert.Contains("none in this folder", text, StringComparison.Ordinal);
        Assert.Contains("269 tokens; a text begins with BOS", text, StringComparison.Ordinal);
        Assert.Contains("<s> 1, </s> 2", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_do_not_fit_the_configuration_are_listed()
    {
        SmallCheckpoint.WriteFiles(_folder);
        File.Copy(Path.Combine(TestData.Reference("ntk-shared-kv"), "model.safetensors"), _folder.File("model.safetensors"));
        Assert.Contains("model.embed_tokens.weight has the shape [96, 40]; this model needs [269, 40].", Tool.Run("inspect", _folder.Path).Success, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_weights_and_a_damaged_tokenizer_are_problems_and_no_failure()
    {
        SmallCheckpoint.WriteFiles(_folder);
        _ = _folder.Write("model.safetensors", "damaged");
        _ = _folder.Write("tokenizer.json", "{");
        using JsonDocument report = JsonDocument.Parse(Tool.Run("inspect", _folder.Path, "--json").Success);
        Assert.Equal(2, report.RootElement.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public void A_configuration_that_cannot_be_computed_is_refused()
    {
        _ = _folder.Write("config.json", """{"model_type":"llama"}""");
        Assert.Contains("model_type", Tool.Run("inspect", _folder.Path).Failure(), StringComparison.Ordinal);
        Assert.Contains("twice", Tool.Run("inspect", _folder.Path, "-m", _folder.Path).Failure(ToolRunner.Misused), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_tells_the_same()
    {
        using JsonDocument report = JsonDocument.Parse(Tool.Run("inspect", "--json", TestData.Reference("untied-alternate-kv")).Success);
        JsonElement root = report.RootElement;
        Assert.Equal([0, 0, 2, 2], root.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("kv_owner").GetInt32()));
        Assert.Equal(["global", "window", "window", "global"], root.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("attention").GetString()));
        Assert.Equal(root.GetProperty("parameters").GetInt64(), root.GetProperty("weights").GetProperty("types").GetProperty("F32").GetInt64());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("tokenizer").ValueKind);
        Assert.Equal(0, root.GetProperty("problems").GetArrayLength());
    }

    [Theory]
    [InlineData("ntk-shared-kv")]
    [InlineData("bf16-grouped-query")]
    [InlineData("untied-alternate-kv")]
    public void The_memory_said_is_the_memory_taken(string name)
    {
        HymbaConfig config = HymbaConfig.Load(TestData.Reference(name));
        SequenceMemory memory = new(config);
        using HymbaModel model = HymbaModel.Load(TestData.Reference(name));
        using HymbaSession session = model.StartSession();
        session.Append(new int[config.MaxPositions]);
        // States are kept in pages of 64 positions; a window may begin and end within one, and so may the meta tokens.
        long page = 64 * memory.BytesPerPosition;
        Assert.InRange(session.StateBytes, memory.BytesAt(config.MaxPositions), memory.BytesAt(config.MaxPositions) + (page * (memory.GlobalCaches + (3 * memory.WindowCaches))));
        Assert.Equal(0, (session.StateBytes - memory.RecurrentBytes) % page);
    }

    [Fact]
    public void The_published_configuration_gives_the_published_numbers()
    {
        string text = Tool.Run("inspect", TestData.Shared("reference", "hymba-1.5b")).Success;
        foreach (string expected in (string[])["1,522,797,824", "3 global, 29 with a window of 1024; 17 own keys and values", "11.5 KB in 3 caches", "○─┘  of layer 16"])
            Assert.Contains(expected, text, StringComparison.Ordinal);
    }
}
