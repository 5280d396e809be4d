using System.Text.Json;

namespace HymbaSharp.Tokenization;

/// <summary>A JSON value that knows where it stands, so that a refusal can name it.</summary>
internal readonly struct JsonValue(JsonElement element, string path)
{
    public JsonElement Element => element;

    /// <summary>The file and, behind a colon, the key.</summary>
    public string Path => path;

    /// <summary>Parses a JSON object and hands it to <paramref name="read"/>; whatever is wrong with it becomes a <see cref="TokenizerException"/>.</summary>
    public static T Read<T>(byte[] json, string file, Func<JsonValue, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = new JsonValue(document.RootElement, $"{file}:");
            return read(root.Require(JsonValueKind.Object, "an object"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A string of broken UTF-8, or an escape that is half a surrogate pair, shows only when the string is read, as an InvalidOperationException.
            throw new TokenizerException($"{file} is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The member, or null where it is absent or null.</summary>
    public JsonValue? Find(string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement member) && member.ValueKind != JsonValueKind.Null
            ? new JsonValue(member, $"{path} {key}")
            : null;

    public JsonValue Get(string key) =>
        Find(key) ?? throw new TokenizerException($"{path} {key} is absent.");

    public string AsString() => Require(JsonValueKind.String, "a string").Element.GetString()!;

    public bool AsBoolean() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refused("true or false"),
    };

    public int AsId() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0 ? id : throw Refused("an id, 0 or more");

    public IEnumerable<JsonValue> Items()
    {
        Require(JsonValueKind.Array, "a list");
        string where = path;
        return element.EnumerateArray().Select((item, index) => new JsonValue(item, $"{where} [{index}]"));
    }

    public IEnumerable<(string Key, JsonValue Value)> Members()
    {
        Require(JsonValueKind.Object, "an object");
        string where = path;
        return element.EnumerateObject().Select(member => (member.Name, new JsonValue(member.Value, $"{where} {member.Name}")));
    }

    public TokenizerException Refused(string allowed)
    {
        string value = element.GetRawText();
        return new TokenizerException($"{path} is {(value.Length > 80 ? $"{value.AsSpan(0, 80)}…" : value)}; allowed: {allowed}.");
    }

    private JsonValue Require(JsonValueKind kind, string allowed) => element.ValueKind == kind ? this : throw Refused(allowed);
}
