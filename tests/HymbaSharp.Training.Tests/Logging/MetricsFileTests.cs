using System.Text;
using System.Text.Json;
using CsCheck;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Tests.Options;

namespace HymbaSharp.Training.Tests.Logging;

public sealed class MetricsFileTests : IDisposable
{
    private readonly RunFolder _folder = new();

    private string FilePath => _folder.File(MetricsFile.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_line_is_an_object_of_numbers_by_name()
    {
        StepRecord record = Records.Of(3) with { Extras = new Dictionary<string, double> { ["eval_loss"] = 2.25 } };
        Assert.Equal(
            """{"step":3,"tokens":300,"seconds":6,"loss":2.5,"learning_rate":0.0003,"gradient_norm":1.25,"tokens_per_second":12345,"mfu":0.415,"eval_loss":2.25}""",
            record.ToJson());
        Assert.Equal("""{"step":0,"tokens":0,"seconds":0,"loss":null}""", new StepRecord { Step = 0, Tokens = 0, Seconds = 0, Loss = double.NaN }.ToJson());
    }

    [Fact]
    public void What_is_written_is_read_again() =>
        Gen.Select(Gen.Long[0, 1L << 50], Gen.Long[0, 1L << 52], Gen.Double[0, 1e9], Gen.Double, Gen.Double[0, 1], Gen.Double)
            .Sample((step, tokens, seconds, loss, mfu, extra) =>
            {
                StepRecord record = new() { Step = step, Tokens = tokens, Seconds = seconds, Loss = loss, Mfu = mfu, Extras = new Dictionary<string, double> { ["reward_margin"] = extra } };
                StepRecord read = StepRecord.Parse(record.ToJson());
                Assert.Equal((step, tokens, seconds, (double?)mfu), (read.Step, read.Tokens, read.Seconds, read.Mfu));
                Assert.Equal(double.IsFinite(loss) ? loss : double.NaN, read.Loss);
                Assert.Equal(double.IsFinite(extra) ? extra : double.NaN, Assert.Single(read.Extras).Value);
                Assert.Null(read.LearningRate);
            });

    [Fact]
    public void An_extra_may_not_hide_another_value()
    {
        StepRecord record = Records.Of(1) with { Extras = new Dictionary<string, double> { ["loss"] = 1 } };
        Assert.Contains("loss", Assert.Throws<ArgumentException>(record.ToJson).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_is_in_the_file_once_it_is_written()
    {
        using MetricsFile file = MetricsFile.Open(FilePath, 0);
        for (long step = 1; step <= 3; step++)
        {
            file.Write(Records.Of(step));
            Assert.Equal(step, MetricsFile.Read(FilePath).Count);
        }
    }

    [Fact]
    public void A_resumed_run_takes_back_the_steps_it_will_do_again()
    {
        Write(0, 1, 2, 3, 4, 5);
        Write(3, 4, 5, 6);
        Assert.Equal([1, 2, 3, 4, 5, 6], Steps());
        Write(100, 101);
        Assert.Equal([1, 2, 3, 4, 5, 6, 101], Steps());
    }

    [Fact]
    public void A_new_run_begins_a_new_file()
    {
        Write(0, 0, 1, 2);
        Write(0, 1);
        Assert.Equal([1], Steps());
    }

    [Fact]
    public void Records_of_one_step_stay_together()
    {
        Write(0, 1, 2, 2, 3);
        Write(2);
        Assert.Equal([1, 2, 2], Steps());
    }

    [Fact]
    public void A_line_cut_off_by_the_runs_end_is_ignored_and_overwritten()
    {
        Write(0, 1, 2);
        File.AppendAllText(FilePath, "{\"step\":3,\"lo");
        Assert.Equal([1, 2], Steps());
        Write(5, 6);
        Assert.Equal([1, 2, 6], Steps());
    }

    [Fact]
    public void A_long_file_is_cut_at_the_right_byte()
    {
        Write(0, [.. Enumerable.Range(1, 2000)]);
        Write(1234);
        Assert.Equal(Enumerable.Range(1, 1234).Select(step => (long)step), Steps());
        Assert.Equal(string.Concat(Enumerable.Range(1, 1234).Select(step => Records.Of(step).ToJson() + "\n")), File.ReadAllText(FilePath, Encoding.UTF8));
    }

    [Theory]
    [InlineData("{\"step\":1}\n[1]\n", "line 2: expected a JSON object")]
    [InlineData("{\"tokens\":1}\n", "line 1: there is no step")]
    [InlineData("{\"step\":1.5}\n", "line 1: there is no step")]
    [InlineData("{\"step\":1,\"loss\":\"low\"}\n", "line 1: loss is \"low\"; expected a number")]
    [InlineData("{\"step\":1\n", "line 1: ")]
    public void A_line_that_is_no_record_is_named(string text, string expected)
    {
        File.WriteAllText(FilePath, text);
        Assert.Contains($"{FilePath}, {expected}", Assert.Throws<MetricsException>(() => MetricsFile.Read(FilePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_is_json_whatever_the_values()
    {
        using (MetricsFile file = MetricsFile.Open(FilePath, 0))
            file.Write(Records.Of(1, double.PositiveInfinity) with { Extras = new Dictionary<string, double> { ["größe \"x\"\n"] = double.NaN } });
        using JsonDocument line = JsonDocument.Parse(Assert.Single(File.ReadAllLines(FilePath)));
        Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("loss").ValueKind);
        Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("größe \"x\"\n").ValueKind);
    }

    private void Write(long resumed, params int[] steps)
    {
        using MetricsFile file = MetricsFile.Open(FilePath, resumed);
        foreach (int step in steps)
            file.Write(Records.Of(step));
        file.Flush();
    }

    private IEnumerable<long> Steps() => MetricsFile.Read(FilePath).Select(record => record.Step);
}
