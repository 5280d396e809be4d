using Microsoft.Win32.SafeHandles;

namespace HymbaSharp.Training.Data.Records;

/// <summary>A file of training data and how it is written. It is opened for each read, as there may be more files than a process may hold open.</summary>
internal sealed record RecordFile(string Path, DataFormat Format, long Bytes)
{
    /// <summary>Looks at a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">How it is written, or null to find out.</param>
    /// <param name="readable">The formats that serve the purpose, the preferred first.</param>
    /// <exception cref="TrainingDataException">It is missing, empty, or of another format.</exception>
    public static RecordFile Open(string path, DataFormat? format, IReadOnlyList<DataFormat> readable)
    {
        if (Directory.Exists(path))
            throw new TrainingDataException($"{path} is a folder; files are needed.");
        if (!File.Exists(path))
            throw new TrainingDataException($"{path} does not exist.");
        return Guarded(path, () =>
        {
            long bytes = new FileInfo(path).Length;
            return bytes == 0
                ? throw new TrainingDataException($"{path} is empty.")
                : new RecordFile(path, FormatDetection.Find(path, format, readable), bytes);
        });
    }

    /// <summary>All records in their order.</summary>
    public IEnumerable<RawRecord> Scan(string? documentSeparator) => Format switch
    {
        DataFormat.PlainText => DocumentScanner.Scan(Path, documentSeparator),
        DataFormat.LmFlow => InstanceScanner.Scan(Path),
        _ => LineScanner.Scan(Path).Where(line => !LineScanner.IsBlank(line)),
    };

    /// <summary>The bytes of a record. From any thread.</summary>
    /// <exception cref="TrainingDataException">They can't be read.</exception>
    public byte[] Read(long offset, int length) => Read(Path, offset, length);

    /// <inheritdoc cref="Read(long, int)"/>
    public static byte[] Read(string path, long offset, int length) => Guarded(path, () =>
    {
        using SafeFileHandle file = File.OpenHandle(path);
        byte[] bytes = new byte[length];
        for (int read = 0; read < length;)
        {
            int more = RandomAccess.Read(file, bytes.AsSpan(read), offset + read);
            if (more == 0)
                throw new TrainingDataException($"{path} has become shorter since it was checked.");
            read += more;
        }
        return bytes;
    });

    /// <summary>Turns the system's errors into those of this library.</summary>
    public static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingDataException($"{path} can't be read: {error.Message}", error);
        }
    }
}
