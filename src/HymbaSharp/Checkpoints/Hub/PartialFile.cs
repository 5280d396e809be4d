using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// A blob that is not complete yet: <c>{etag}.hymbasharp.incomplete</c>, allocated at full length, and beside it
/// <c>{etag}.hymbasharp.ranges</c>, which says which of its bytes are there, so that any later pull continues from them.
/// The names are this library's own: other tools take a plain <c>{etag}.incomplete</c> for a file whose every byte up to its end is valid.
/// The caller holds the blob's lock.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const string DataSuffix = ".hymbasharp.incomplete";
    private const string StateSuffix = ".hymbasharp.ranges";
    private const string Magic = "hymbasharp-ranges-1";
    private const int LongestState = 1 << 20;

    private readonly string _dataPath;
    private readonly string _statePath;
    private readonly string _header;
    private readonly long _recordStep;
    private readonly RangeSet _covered;
    private readonly SafeFileHandle _data;
    private readonly Lock _gate = new();
    private long _unrecorded;

    private PartialFile(string path, string header, long recordStep, RangeSet covered, SafeFileHandle data)
    {
        (_dataPath, _statePath, _header, _recordStep) = (path + DataSuffix, path + StateSuffix, header, recordStep);
        (_covered, _data) = (covered, data);
    }

    public SafeFileHandle Data => _data;

    /// <summary>How many bytes are there.</summary>
    public long Covered
    {
        get
        {
            lock (_gate)
                return _covered.Count;
        }
    }

    /// <summary>Opens what an earlier pull left of the file, or begins it.</summary>
    public static PartialFile Open(string blobs, HubFile file, HubClientOptions options)
    {
        string path = Path.Combine(blobs, file.Etag);
        string header = $"{Magic} {file.Size} {file.Etag} {file.Name}";
        if (Resume(path, header, file.Size) is not var (data, covered))
            (data, covered) = (Allocate(path, file, options), new RangeSet());
        return new(path, header, options.RecordStep, covered, data);
    }

    public static bool IsBegun(string blobs, string etag) => File.Exists(Path.Combine(blobs, etag + DataSuffix));

    /// <summary>The ETags under which earlier pulls left parts of the file of this name.</summary>
    public static IEnumerable<string> EtagsOf(string blobs, string name)
    {
        foreach (string path in Directory.EnumerateFiles(blobs, "*" + StateSuffix))
        {
            if (ReadState(path) is [var header, ..] && header.Split(' ', 4) is [Magic, _, _, var owner] && owner == name)
                yield return Path.GetFileName(path)[..^StateSuffix.Length];
        }
    }

    public static void Delete(string blobs, string etag)
    {
        File.Delete(Path.Combine(blobs, etag + StateSuffix));
        File.Delete(Path.Combine(blobs, etag + DataSuffix));
    }

    /// <summary>The missing bytes, each range at most <paramref name="longest"/> long, the very first shorter: the answer to it tells whether the server takes ranges.</summary>
    public Queue<ByteRange> Missing(long length, long longest)
    {
        Queue<ByteRange> pieces = [];
        lock (_gate)
        {
            foreach (ByteRange gap in _covered.Missing(length))
            {
                for (long start = gap.Start; start < gap.End;)
                {
                    long piece = pieces.Count == 0 && length > longest ? Math.Max(1, longest / 16) : longest;
                    long end = Math.Min(gap.End, start + piece);
                    pieces.Enqueue(new(start, end));
                    start = end;
                }
            }
        }
        return pieces;
    }

    /// <summary>The first byte of the range that is not there; null when all are.</summary>
    public long? FirstMissing(ByteRange range)
    {
        lock (_gate)
        {
            foreach (ByteRange gap in _covered.Missing(range.End))
            {
                if (gap.End > range.Start)
                    return Math.Max(gap.Start, range.Start);
            }
            return null;
        }
    }

    /// <summary>Writes at the offset and returns how many of the bytes were missing before.</summary>
    public async ValueTask<long> WriteAsync(long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await RandomAccess.WriteAsync(_data, bytes, offset, cancellationToken);
        lock (_gate)
        {
            long gained = _covered.Add(new(offset, offset + bytes.Length));
            _unrecorded += gained;
            if (_unrecorded >= _recordStep)
                Record();
            return gained;
        }
    }

    /// <summary>Turns the complete file into the blob.</summary>
    public void MoveTo(string blob)
    {
        RandomAccess.FlushToDisk(_data);
        _data.Dispose();
        File.Move(_dataPath, blob, overwrite: true);
        File.Delete(_statePath);
    }

    public void Discard()
    {
        _data.Dispose();
        File.Delete(_statePath);
        File.Delete(_dataPath);
    }

    public void Dispose()
    {
        if (_data.IsClosed)
            return;
        _data.Dispose();
        lock (_gate)
            Record();
    }

    private void Record()
    {
        StringBuilder text = new StringBuilder(_header).Append('\n');
        foreach (ByteRange range in _covered.Ranges)
            text.Append(CultureInfo.InvariantCulture, $"{range.Start} {range.End}\n");
        // Replaced whole, so that a kill leaves the former state or this one.
        string temporary = _statePath + ".tmp";
        File.WriteAllText(temporary, text.ToString());
        File.Move(temporary, _statePath, overwrite: true);
        _unrecorded = 0;
    }

    private static (SafeFileHandle Data, RangeSet Covered)? Resume(string path, string header, long size)
    {
        if (ReadState(path + StateSuffix) is not [var first, .. var lines] || first != header || !File.Exists(path + DataSuffix))
            return null;
        RangeSet covered = new();
        foreach (string line in lines)
        {
            if (line.Split(' ') is not [var from, var to] || !long.TryParse(from, NumberStyles.None, null, out long start)
                || !long.TryParse(to, NumberStyles.None, null, out long end) || start >= end || end > size)
                return null;
            covered.Add(new(start, end));
        }
        SafeFileHandle data = File.OpenHandle(path + DataSuffix, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
        if (RandomAccess.GetLength(data) == size)
            return (data, covered);
        data.Dispose();
        return null;
    }

    private static SafeFileHandle Allocate(string path, HubFile file, HubClientOptions options)
    {
        File.Delete(path + StateSuffix);
        SafeFileHandle data;
        try
        {
            data = File.OpenHandle(path + DataSuffix, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous, file.Size);
        }
        // A failed allocation carries no error code, so the disk is asked.
        catch (IOException e) when (options.FreeSpace(Path.GetDirectoryName(path)!) is { } free && free < file.Size)
        {
            throw DiskSpace.Shortage(file.Size, free, Path.GetDirectoryName(path)!, e);
        }
        RandomAccess.SetLength(data, file.Size);
        return data;
    }

    private static string[]? ReadState(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.Exists && file.Length <= LongestState ? File.ReadAllLines(path) : null;
        }
        // Another blob's state, looked at without its lock, goes when that blob is complete.
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
