using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using HymbaSharp.Configuration;

namespace HymbaSharp.Training.Data.Records;

/// <summary>A JSON object of a record, read key by key. Errors name the key and what is allowed. Remembers what was asked for.</summary>
internal sealed class JsonRecord
{
    private const int LongestQuotedValue = 60;

    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _asked = [];
    private readonly string _path;

    /// <param name="json">The object.</param>
    /// <param name="path">Where it stands in the record, for messages; empty for the record itself.</param>
    /// <exception cref="BadRecordException">It is no object.</exception>
    public JsonRecord(JsonElement json, string path)
    {
        _path = path;
        if (json.ValueKind != JsonValueKind.Object)
            throw new BadRecordException(BadRecordException.WrongType, $"{(path == "" ? "the record" : path)} is {Quote(json)}; an object is needed");
        foreach (JsonProperty member in json.EnumerateObject())
            _values.Add(member.Name, member.Value);
    }

    /// <summary>The keys nobody asked for, with a value other than null.</summary>
    public IEnumerable<string> Unread => _values.Where(value => !_asked.Contains(value.Key) && value.Value.ValueKind != JsonValueKind.Null).Select(value => value.Key);

    /// <exception cref="BadRecordException">It is not UTF-8, not JSON, or a key is given twice.</exception>
    public static JsonRecord Parse(ReadOnlySpan<byte> utf8) => new(ParseElement(utf8), "");

    /// <inheritdoc cref="Parse"/>
    public static JsonElement ParseElement(ReadOnlySpan<byte> utf8)
    {
        CheckUtf8(utf8);
        try
        {
            return JsonElement.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        // A name escaped into half a surrogate pair is valid JSON and no string: the reader calls that an invalid operation.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BadRecordException(error is JsonException && IsJson(utf8) ? BadRecordException.KeyTwice : BadRecordException.NotJson, Message(error));
        }
    }

    /// <summary>The bytes as a text.</summary>
    /// <exception cref="BadRecordException">They are not UTF-8.</exception>
    public static string Utf8Text(ReadOnlySpan<byte> utf8)
    {
        CheckUtf8(utf8);
        return Encoding.UTF8.GetString(utf8);
    }

    /// <summary>What a JSON error says, with the byte in the line in place of the reader's own counting.</summary>
    public static string Message(Exception error)
    {
        string message = error.Message;
        int place = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (place >= 0)
            message = message[..place];
        message = message.TrimEnd('.');
        return error is JsonException { BytePositionInLine: { } at } ? $"{message}, at byte {at + 1}" : message;
    }

    /// <summary>The value of a key; null where the key is absent or its value is <c>null</c>.</summary>
    public JsonElement? Value(string key)
    {
        _ = _asked.Add(key);
        return _values.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public JsonElement Required(string key) =>
        Value(key) ?? throw new BadRecordException(BadRecordException.KeyMissing, $"{Path(key)} is missing");

    public string? OptionalText(string key) => Value(key) is { } value ? Text(value, Path(key)) : null;

    public string RequiredText(string key) => Text(Required(key), Path(key));

    /// <summary>The items of a list; null where the key is absent, its value is <c>null</c> or the list is empty.</summary>
    public IReadOnlyList<JsonElement>? OptionalList(string key) => Value(key) is { } value ? List(value, Path(key)) is { Count: > 0 } list ? list : null : null;

    /// <summary>Where the value of a key stands, as messages say it.</summary>
    public string Path(string key) => _path == "" ? key : $"{_path}.{key}";

    /// <summary>What no key asked for, with its values.</summary>
    public Dictionary<string, JsonElement> Rest() => _values.Where(value => !_asked.Contains(value.Key)).ToDictionary();

    public static IReadOnlyList<JsonElement> List(JsonElement value, string path) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray()]
        : throw Refuse(value, path, "a list");

    public static string Text(JsonElement value, string path) => ConfigurationKeys.Text(value) ?? throw Refuse(value, path, "a text");

    public static BadRecordException Refuse(JsonElement value, string path, string needed) =>
        new(BadRecordException.WrongType, $"{path} is {Quote(value)}; needed: {needed}");

    private static void CheckUtf8(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
            throw new BadRecordException(BadRecordException.NotUtf8, $"not valid UTF-8 at byte {ValidBytes(utf8) + 1} of it");
    }

    private static int ValidBytes(ReadOnlySpan<byte> utf8)
    {
        int valid = 0;
        while (Rune.DecodeFromUtf8(utf8[valid..], out _, out int length) == System.Buffers.OperationStatus.Done)
            valid += length;
        return valid;
    }

    private static bool IsJson(ReadOnlySpan<byte> utf8)
    {
        try
        {
            _ = JsonElement.Parse(utf8);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Quote(JsonElement value)
    {
        string text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= LongestQuotedValue ? text : $"{text[..LongestQuotedValue]} …";
    }
}
