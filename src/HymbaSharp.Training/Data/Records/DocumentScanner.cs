using System.Text;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Cuts a plain text file into documents.</summary>
internal static class DocumentScanner
{
    /// <param name="path">The file.</param>
    /// <param name="separator">The line between two documents; null where the file is one document.</param>
    public static IEnumerable<RawRecord> Scan(string path, string? separator)
    {
        byte[]? parting = separator is null ? null : Encoding.UTF8.GetBytes(separator.TrimEnd());
        long start = -1, end = 0, line = 0;
        foreach (RawRecord next in LineScanner.Scan(path))
        {
            if (parting is not null && next.Bytes is { } bytes && bytes.AsSpan().TrimEnd(" \t\r"u8).SequenceEqual(parting))
            {
                if (start >= 0)
                    yield return Document();
                start = -1;
                continue;
            }
            if (start < 0 && LineScanner.IsBlank(next))
                continue;
            if (start < 0)
                (start, line) = (next.Offset, next.Line);
            if (!LineScanner.IsBlank(next))
                end = next.Offset + next.Length;
        }
        if (start >= 0)
            yield return Document();

        RawRecord Document() => new(start, end - start, line, end - start > RawRecord.MaxBytes ? null : RecordFile.Read(path, start, (int)(end - start)));
    }

    /// <summary>A document's text, a carriage return before a line feed taken out.</summary>
    public static string Text(ReadOnlySpan<byte> document) => JsonRecord.Utf8Text(document).Replace("\r\n", "\n");
}
