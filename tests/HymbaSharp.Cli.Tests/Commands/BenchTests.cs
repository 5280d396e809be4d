using System.Text.Json;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class BenchTests
{
    private static readonly string Model = TestData.Reference("ntk-shared-kv");

    [Fact]
    public void Shows_speed_beside_the_machines()
    {
        string output = Tool.Run("bench", "-m", Model, "-p", "4", "-n", "3", "-r", "1", "-t", "1").Success;
        Assert.Contains("prompt 4", output, StringComparison.Ordinal);
        Assert.Contains("GFLOP/s", output, StringComparison.Ordinal);
        Assert.Contains("decode 3", output, StringComparison.Ordinal);
        Assert.Contains("GB/s", output, StringComparison.Ordinal);
        Assert.Contains("1 threads", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_holds_every_measurement_and_their_median()
    {
        string output = Tool.Run("bench", "-m", Model, "-p", "4,8", "-n", "0", "-r", "3", "-t", "1", "--n-depth", "5", "--json").Success;
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(5, report.GetProperty("depth").GetInt32());
        JsonElement[] results = [.. report.GetProperty("results").EnumerateArray()];
        Assert.Equal([4, 8], results.Select(result => result.GetProperty("tokens").GetInt32()));
        foreach (JsonElement result in results)
        {
            double[] speeds = [.. result.GetProperty("samples").EnumerateArray().Select(s => s.GetProperty("tokens_per_second").GetDouble()).Order()];
            Assert.Equal(3, speeds.Length);
            Assert.True(speeds[0] > 0);
            Assert.Equal(speeds[1], result.GetProperty("tokens_per_second").GetDouble());
            Assert.True(result.GetProperty("machine_per_second").GetDouble() > 0);
        }
    }

    [Fact]
    public void Sequences_decode_together()
    {
        JsonElement report = JsonElement.Parse(Tool.Run("bench", "-m", Model, "-p", "0", "-n", "4", "-r", "1", "-t", "1", "--sequences", "3", "--json").Success);
        Assert.True(report.GetProperty("results")[0].GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public void A_profile_says_where_the_time_went()
    {
        string output = Tool.Run("bench", "-m", Model, "-p", "4", "-n", "3", "-r", "1", "-t", "1", "--profile").Success;
        Assert.Contains("products, few rows", output, StringComparison.Ordinal);
        Assert.Contains("between kernels", output, StringComparison.Ordinal);
        JsonElement report = JsonElement.Parse(Tool.Run("bench", "-m", Model, "--quant", "q8", "-p", "4", "-n", "3", "-r", "1", "-t", "2", "--profile", "--json").Success);
        foreach (JsonElement result in report.GetProperty("results").EnumerateArray())
        {
            JsonElement[] profile = [.. result.GetProperty("profile").EnumerateArray()];
            Assert.Contains("products, quantised weights", profile.Select(part => part.GetProperty("kernel").GetString()));
            Assert.Equal(1, profile.Sum(part => part.GetProperty("share").GetDouble()), 1e-6);
            Assert.True(result.GetProperty("spread")[0].GetDouble() <= result.GetProperty("spread")[1].GetDouble());
        }
    }

    [Theory]
    [InlineData("--repetitions", "0", "--repetitions is 0; allowed are 1 to 1000.")]
    [InlineData("--n-depth", "-1", "--n-depth is -1; allowed are 0 or more.")]
    [InlineData("--sequences", "0", "--sequences is 0; allowed are 1 to 256.")]
    [InlineData("-p", "300", "300 tokens are needed, the context holds 256; --ctx-size sets it.")]
    public void Refuses_what_cannot_be_measured(string option, string value, string message) =>
        Assert.Equal(message, Tool.Run("bench", "-m", Model, option, value).Failure(ToolRunner.Misused));
}
