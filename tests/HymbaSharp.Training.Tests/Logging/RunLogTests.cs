using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Tests.Options;

namespace HymbaSharp.Training.Tests.Logging;

public sealed class RunLogTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly Interrupts _interrupts = new();

    public void Dispose()
    {
        _folder.Dispose();
        _error.Dispose();
        _interrupts.Dispose();
    }

    [Fact]
    public void A_run_leaves_records_events_and_a_picture()
    {
        using (RunLog log = Open())
        {
            log.Start(0, 10);
            for (int step = 1; step <= 10; step++)
                log.Write(Records.Of(step));
            Assert.False(File.Exists(_folder.File("run", "loss.png")));
        }
        Assert.Equal(10, MetricsFile.Read(_folder.File("run", "metrics.jsonl")).Count);
        _ = Assert.Single(Directory.GetFiles(_folder.File("run", "tensorboard")));
        Assert.Equal((LossPlot.Width, LossPlot.Height), Png.Size(_folder.File("run", "loss.png")));
    }

    [Fact]
    public void A_checkpoint_draws_the_picture()
    {
        using RunLog log = Open();
        log.Start(0, null);
        log.Write(Records.Of(1));
        log.Flush();
        Assert.True(File.Exists(_folder.File("run", "loss.png")));
    }

    [Fact]
    public void A_resumed_run_goes_on_in_the_same_records()
    {
        foreach (long start in (long[])[0, 2])
        {
            using RunLog log = Open();
            log.Start(start, 10);
            for (long step = start + 1; step <= start + 3; step++)
                log.Write(Records.Of(step));
        }
        Assert.Equal([1L, 2, 3, 4, 5], MetricsFile.Read(_folder.File("run", "metrics.jsonl")).Select(record => record.Step));
    }

    [Fact]
    public void Where_nobody_looks_each_record_is_a_line()
    {
        using (RunLog log = Open())
        {
            log.Start(0, 4000);
            log.Write(Records.Of(40) with { Mfu = null, TokensPerSecond = null });
            log.Say("Checkpoint written.");
            log.Write(Records.Of(80) with { Extras = new Dictionary<string, double> { ["eval_loss"] = 2.25, ["reward_margin"] = 0.5 } });
            log.Write(Records.Of(4000, null));
        }
        Assert.Equal(
            """
             1 %  step 40/4000  loss 2.5000
            Checkpoint written.
             2 %  step 80/4000  loss 2.5000  eval loss 2.2500  reward margin 0.500  12.3 K tokens/s  MFU 41.5 %  2:10:40 left
            100 %  step 4000/4000  eval loss 2.2500  12.3 K tokens/s  MFU 41.5 %

            """.ReplaceLineEndings("\n"), _error.ToString());
    }

    [Fact]
    public void Where_the_end_is_not_known_no_share_is_shown()
    {
        using (RunLog log = Open())
        {
            log.Start(0, null);
            log.Write(Records.Of(1) with { Mfu = null, TokensPerSecond = null });
            log.Write(Records.Of(2, double.NaN) with { Mfu = null, TokensPerSecond = null });
        }
        Assert.Equal("step 1  loss 2.5000\nstep 2  loss NaN\n", _error.ToString());
    }

    [Fact]
    public void A_log_that_never_started_leaves_nothing()
    {
        Open().Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private RunLog Open() => new(_folder.File("run"), Terminal.Of(TextReader.Null, TextWriter.Null, _error, _interrupts));
}
