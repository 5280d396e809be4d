namespace HymbaSharp.Training.Data.Records;

/// <summary>Cuts a file into lines while it is read; the file may be larger than memory.</summary>
internal static class LineScanner
{
    private const int Chunk = 1 << 20;

    /// <summary>The bytes of a byte order mark that the file begins with: 3 or none.</summary>
    public static int ByteOrderMark(ReadOnlySpan<byte> beginning) => beginning.StartsWith("\uFEFF"u8) ? 3 : 0;

    /// <summary>All lines, without their line feed; a carriage return before it goes too.</summary>
    public static IEnumerable<RawRecord> Scan(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        byte[] chunk = new byte[Chunk];
        List<byte> held = []; // the beginning of a line whose end is not read yet
        long lineStart = 0, lineLength = 0, number = 1;
        bool isFirst = true;
        for (int read; (read = file.ReadAtLeast(chunk, 3, throwOnEndOfStream: false)) > 0;)
        {
            int start = isFirst ? ByteOrderMark(chunk.AsSpan(0, read)) : 0;
            lineStart += start;
            isFirst = false;
            while (start < read)
            {
                int end = chunk.AsSpan(start, read - start).IndexOf((byte)'\n');
                int length = end < 0 ? read - start : end;
                lineLength += length;
                if (lineLength <= RawRecord.MaxBytes)
                    held.AddRange(chunk.AsSpan(start, length));
                start += length + 1;
                if (end < 0)
                    break;
                yield return Line();
                lineStart += lineLength + 1;
                lineLength = 0;
                number++;
                held.Clear();
            }
        }
        if (lineLength > 0)
            yield return Line();

        RawRecord Line()
        {
            if (lineLength > RawRecord.MaxBytes)
                return new RawRecord(lineStart, lineLength, number, null);
            byte[] bytes = held is [.., (byte)'\r'] ? [.. held[..^1]] : [.. held];
            return new RawRecord(lineStart, bytes.Length, number, bytes);
        }
    }

    /// <summary>Whether a line holds nothing but white space.</summary>
    public static bool IsBlank(RawRecord line) => line.Bytes is { } bytes && !bytes.AsSpan().ContainsAnyExcept(" \t\r"u8);
}
