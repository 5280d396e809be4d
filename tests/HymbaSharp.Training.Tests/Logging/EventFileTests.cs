using System.Text;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Tests.Options;
using Tensorboard;

namespace HymbaSharp.Training.Tests.Logging;

public sealed class EventFileTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checksum_is_that_of_tfrecords()
    {
        // CRC-32C of "123456789" is E3069283 (RFC 3720's polynomial, the usual check value), before it is masked.
        Assert.Equal(Mask(0xE3069283), EventFile.MaskedChecksum("123456789"u8));
        foreach (int length in (int[])[0, 1, 7, 8, 9, 64, 100])
        {
            byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 37))];
            Assert.Equal(Mask(Checksum(data)), EventFile.MaskedChecksum(data));
        }
    }

    [Fact]
    public void Records_are_read_back_as_events()
    {
        StepRecord record = Records.Of(long.MaxValue / 2) with { Extras = new Dictionary<string, double> { ["eval_loss"] = 2.25, ["reward_margin"] = -1 } };
        using (EventFile file = EventFile.Create(_folder.Path, 0, new FixedTime()))
        {
            file.Write(Records.Of(1));
            file.Write(record);
        }
        Event[] events = [.. Read(Assert.Single(Directory.GetFiles(_folder.Path)))];
        Assert.Equal(3, events.Length);
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.All(events, entry => Assert.Equal(1_700_000_000.25, entry.WallTime));
        Assert.Equal([0, 1, record.Step], events.Select(entry => entry.Step));
        Dictionary<string, float> values = events[2].Summary.Value.ToDictionary(value => value.Tag, value => value.SimpleValue);
        Assert.Equal(2.5f, values["train/loss"]);
        Assert.Equal(3e-4f, values["train/learning_rate"]);
        Assert.Equal(2.25f, values["eval/loss"]);
        Assert.Equal(-1f, values["train/reward_margin"]);
    }

    [Fact]
    public void A_resumed_run_takes_back_the_steps_it_will_do_again()
    {
        foreach (long step in (long[])[0, 3])
        {
            using EventFile file = EventFile.Create(_folder.Path, step, new FixedTime());
            file.Write(Records.Of(step + 1));
        }
        string[] files = [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        Event start = Read(files[1]).ElementAt(1);
        Assert.Equal(4, start.Step);
        Assert.Equal(SessionLog.Types.SessionStatus.Start, start.SessionLog.Status);
    }

    [Fact]
    public void A_new_run_removes_the_files_of_those_before()
    {
        for (int i = 0; i < 2; i++)
            EventFile.Create(_folder.Path, 0, new FixedTime()).Dispose();
        Assert.Equal("brain.Event:2", Assert.Single(Read(Assert.Single(Directory.GetFiles(_folder.Path)))).FileVersion);
    }

    /// <summary>The events of a file, its checksums checked.</summary>
    private static IEnumerable<Event> Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path), Encoding.UTF8);
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            byte[] length = reader.ReadBytes(8);
            Assert.Equal(Mask(Checksum(length)), reader.ReadUInt32());
            byte[] data = reader.ReadBytes(BitConverter.ToInt32(length));
            Assert.Equal(Mask(Checksum(data)), reader.ReadUInt32());
            yield return Event.Parser.ParseFrom(data);
        }
    }

    private static uint Mask(uint checksum) => ((checksum >> 15) | (checksum << 17)) + 0xa282ead8;

    // CRC-32C bit by bit.
    private static uint Checksum(byte[] data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data)
        {
            checksum ^= value;
            for (int bit = 0; bit < 8; bit++)
                checksum = (checksum >> 1) ^ ((checksum & 1) * 0x82F63B78);
        }
        return ~checksum;
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250);
    }
}
