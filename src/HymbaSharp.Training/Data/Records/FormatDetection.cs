using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Finds out how a file is written: by its extension, else by the keys of its first JSON object.</summary>
internal static class FormatDetection
{
    private const int Looked = 1 << 20;

    private static readonly (DataFormat Format, string[] Keys)[] Marks =
    [
        (DataFormat.LmFlow, ["instances"]),
        (DataFormat.Preference, ["chosen", "rejected"]),
        (DataFormat.Messages, ["messages"]),
        (DataFormat.TextLines, ["text"]),
    ];

    /// <exception cref="TrainingDataException">It can't be told, or is a format that doesn't serve the purpose.</exception>
    public static DataFormat Find(string path, DataFormat? named, IReadOnlyList<DataFormat> readable)
    {
        if (named is { } format)
            return readable.Contains(format) ? format : throw Refuse(path, [format], readable);
        if (Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase))
            return readable.Contains(DataFormat.PlainText) ? DataFormat.PlainText : throw Refuse(path, [DataFormat.PlainText], readable);

        byte[] beginning = RecordFile.Read(path, 0, (int)Math.Min(new FileInfo(path).Length, Looked));
        ReadOnlySpan<byte> rest = beginning.AsSpan(LineScanner.ByteOrderMark(beginning));
        if (rest.TrimStart(" \t\r\n"u8) is [(byte)'[', ..])
            throw new TrainingDataException($"{path} is one JSON list; supported: an object a line, or an LMFlow file.");
        HashSet<DataFormat> seen = [];
        bool sawObject = false;
        while (!rest.IsEmpty)
        {
            // The first object that is one decides; a broken line before it is the reader's to report.
            HashSet<string> keys = Keys(rest);
            sawObject |= keys.Count > 0;
            DataFormat[] fitting = [.. Marks.Where(mark => mark.Keys.All(keys.Contains)).Select(mark => mark.Format)];
            if (readable.Where(fitting.Contains).Cast<DataFormat?>().FirstOrDefault() is { } found)
                return found;
            seen.UnionWith(fitting);
            int end = rest.IndexOf((byte)'\n');
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
        if (seen.Count > 0)
            throw Refuse(path, seen, readable);
        throw new TrainingDataException(sawObject
            ? $"{path}: no JSON object has the keys of a format that is read; supported: {Names(readable)}."
            : $"{path} is neither .txt nor JSON objects, one a line; supported: {Names(readable)}.");
    }

    /// <summary>The keys of the object that the text begins with, as far as it goes and is JSON.</summary>
    private static HashSet<string> Keys(ReadOnlySpan<byte> json)
    {
        HashSet<string> keys = [];
        try
        {
            Utf8JsonReader reader = new(json, isFinalBlock: false, default);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return keys;
            while (reader.Read() && reader.CurrentDepth > 0)
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
                    _ = keys.Add(reader.GetString()!);
            }
        }
        // The same errors as those a record is refused for.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return keys;
        }
        return keys;
    }

    private static TrainingDataException Refuse(string path, IEnumerable<DataFormat> found, IReadOnlyList<DataFormat> readable) =>
        new($"{path} is of the format {string.Join(" or ", found)}, which doesn't serve here; supported: {Names(readable)}.");

    private static string Names(IReadOnlyList<DataFormat> formats) => string.Join(", ", formats.Select(format => format switch
    {
        DataFormat.Messages => "Messages ({\"messages\": …})",
        DataFormat.LmFlow => "LmFlow ({\"type\": …, \"instances\": …})",
        DataFormat.Preference => "Preference ({\"prompt\": …, \"chosen\": …, \"rejected\": …})",
        DataFormat.TextLines => "TextLines ({\"text\": …})",
        _ => "PlainText (.txt)",
    }));
}
