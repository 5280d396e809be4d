using System.Text;
using System.Text.Json;

namespace HymbaSharp.Training.Logging;

/// <summary>The records of a run as JSON Lines, <c>metrics.jsonl</c>. Each line is in the file as soon as it is written, for others to read.</summary>
internal sealed class MetricsFile : IRecordWriter
{
    /// <summary>The file's name in the output folder of a run.</summary>
    public const string FileName = "metrics.jsonl";

    private readonly FileStream _file;

    private MetricsFile(FileStream file) => _file = file;

    /// <summary>Opens a file to go on after a step; what it holds of later steps, which will be done again, is cut off.</summary>
    /// <param name="path">The file; made where it does not exist.</param>
    /// <param name="step">The step that the run goes on from; 0 begins anew.</param>
    public static MetricsFile Open(string path, long step)
    {
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            file.SetLength(step == 0 ? 0 : LengthUpTo(step, file));
            _ = file.Seek(0, SeekOrigin.End);
            return new MetricsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>All records of a file. A last line without its line break is still being written, and left out.</summary>
    /// <exception cref="MetricsException">A line is no record.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<StepRecord> Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        List<StepRecord> records = [];
        foreach (string line in Lines(file))
        {
            try
            {
                records.Add(StepRecord.Parse(line));
            }
            catch (JsonException error)
            {
                throw new MetricsException($"{path}, line {records.Count + 1}: {error.Message.TrimEnd('.')}; expected a JSON object of numbers with a step.");
            }
        }
        return records;
    }

    public void Write(StepRecord record)
    {
        _file.Write(Encoding.UTF8.GetBytes(record.ToJson() + "\n"));
        _file.Flush();
    }

    public void Flush() => _file.Flush(flushToDisk: true);

    public void Dispose() => _file.Dispose();

    /// <summary>The length of the lines up to a step. What is no record was being written when the run ended, and ends them too.</summary>
    private static long LengthUpTo(long step, FileStream file)
    {
        long length = 0;
        foreach (string line in Lines(file))
        {
            try
            {
                if (StepRecord.Parse(line).Step > step)
                    break;
            }
            catch (JsonException)
            {
                break;
            }
            length += Encoding.UTF8.GetByteCount(line) + 1;
        }
        return length;
    }

    /// <summary>The lines that end with a line break.</summary>
    private static IEnumerable<string> Lines(FileStream file)
    {
        using StreamReader reader = new(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        StringBuilder line = new();
        char[] buffer = new char[1 << 14];
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            ReadOnlyMemory<char> rest = buffer.AsMemory(0, count);
            for (int end; (end = rest.Span.IndexOf('\n')) >= 0; rest = rest[(end + 1)..])
            {
                yield return line.Append(rest[..end]).ToString();
                _ = line.Clear();
            }
            _ = line.Append(rest);
        }
    }
}
