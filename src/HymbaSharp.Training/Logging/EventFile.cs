using System.Buffers.Binary;
using System.Numerics;

namespace HymbaSharp.Training.Logging;

/// <summary>
/// The records of a run as a TensorBoard event file: TFRecords (length, masked CRC-32C of it, data, masked CRC-32C of that) whose data are
/// Event messages of tensorflow/core/util/event.proto. A run that goes on adds a file, which takes back the later steps of those before.
/// </summary>
internal sealed class EventFile : IRecordWriter
{
    /// <summary>The name of the folder within the output folder of a run.</summary>
    public const string FolderName = "tensorboard";

    private const uint MaskDelta = 0xa282ead8;
    private const int SessionStart = 1;

    private readonly FileStream _file;
    private readonly TimeProvider _time;

    private EventFile(FileStream file, TimeProvider time)
    {
        _file = file;
        _time = time;
    }

    /// <summary>Makes a new event file.</summary>
    /// <param name="folder">Where; made where it does not exist.</param>
    /// <param name="step">The step that the run goes on from; 0 begins anew, and removes the files of runs before.</param>
    /// <param name="time">The clock whose time events carry.</param>
    public static EventFile Create(string folder, long step, TimeProvider time)
    {
        _ = Directory.CreateDirectory(folder);
        string[] before = Directory.GetFiles(folder, "events.out.tfevents.*");
        if (step == 0)
            Array.ForEach(before, File.Delete);
        // TensorBoard reads the files of a folder in the order of their names.
        string name = $"events.out.tfevents.{time.GetUtcNow().ToUnixTimeSeconds():0000000000}.{Environment.MachineName}.{Environment.ProcessId}.{before.Length}";
        EventFile events = new(new FileStream(Path.Combine(folder, name), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0), time);
        events.Append(0, message => message.String(3, "brain.Event:2")); // file_version
        if (step > 0)
            events.Append(step + 1, message => message.Message(7, session => session.Integer(1, SessionStart))); // session_log.status
        return events;
    }

    public void Write(StepRecord record) => Append(record.Step, message => message.Message(5, summary => // summary
    {
        foreach ((string name, double value) in record.Values)
        {
            summary.Message(1, scalar => // value
            {
                scalar.String(1, Tag(name));
                scalar.Single(2, (float)value); // simple_value
            });
        }
    }));

    public void Flush() => _file.Flush(flushToDisk: true);

    public void Dispose() => _file.Dispose();

    /// <summary>The checksum of a TFRecord: CRC-32C (Castagnoli), rotated and shifted so that the checksum of data with checksums in it stays good.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint checksum = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte value in data)
            checksum = BitOperations.Crc32C(checksum, value);
        return BitOperations.RotateRight(~checksum, 15) + MaskDelta;
    }

    // A tag up to its '/' names the group that TensorBoard shows it in.
    private static string Tag(string name) => name.StartsWith("eval_", StringComparison.Ordinal) ? $"eval/{name["eval_".Length..]}" : $"train/{name}";

    private void Append(long step, Action<ProtobufWriter> fill)
    {
        ProtobufWriter message = new();
        message.Double(1, (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds); // wall_time
        message.Integer(2, step);
        fill(message);
        ReadOnlySpan<byte> data = message.Written;
        byte[] record = new byte[sizeof(ulong) + sizeof(uint) + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedChecksum(record.AsSpan(0, sizeof(ulong))));
        data.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), MaskedChecksum(data));
        _file.Write(record);
    }
}
