using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace HymbaSharp.Configuration;

/// <summary>
/// The keys of one <c>config.json</c>, read by type. Every error names the source, the key, its value and what is supported.
/// Remembers which keys were asked for, so that what is left over is what nobody understood.
/// </summary>
internal sealed class ConfigurationKeys
{
    private const int LongestQuotedValue = 80;

    private readonly string _source;
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _asked = [];

    public ConfigurationKeys(ReadOnlySpan<byte> utf8Json, string source)
    {
        _source = source;
        if (!Utf8.IsValid(utf8Json))
            throw new HymbaConfigException($"{source}: not UTF-8.");
        try
        {
            var root = JsonElement.Parse(utf8Json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (root.ValueKind != JsonValueKind.Object)
                throw new HymbaConfigException($"{source}: holds {Quote(root)}; a configuration is a JSON object.");
            foreach (var property in root.EnumerateObject())
                _values.Add(property.Name, property.Value);
        }
        // A name escaped into half a surrogate pair is valid JSON and no string: the reader calls that an invalid operation.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new HymbaConfigException($"{source}: not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>The keys that were never asked for, in the order of the file.</summary>
    public ImmutableArray<string> NotAsked => [.. _values.Keys.Where(key => !_asked.Contains(key))];

    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _ = _asked.Add(key);
    }

    public int Integer(string key, int least, int most) =>
        OptionalInteger(key, least, most) ?? throw Refuse(key, AnInteger(least, most));

    public int? OptionalInteger(string key, int least, int most) =>
        Value(key) is { } value ? ToInteger(key, value, least, most) : null;

    public ImmutableArray<int>? OptionalIntegers(string key, int least, int most)
    {
        if (Value(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(element => ToInteger(key, element, least, most))]
            : throw Refuse(key, "a list of integers");
    }

    public bool Flag(string key) => OptionalFlag(key) ?? throw Refuse(key, "true or false");

    public bool? OptionalFlag(string key) => Value(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Refuse(key, "true or false"),
    };

    /// <summary>A number that is finite and more than zero as a float64 and, where <paramref name="single"/>, as a float32.</summary>
    public double? OptionalPositive(string key, bool single = false)
    {
        if (Value(key) is not { } value)
            return null;
        bool fits = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number > 0 && double.IsFinite(number)
            && (!single || ((float)number > 0 && float.IsFinite((float)number)));
        return fits ? value.GetDouble() : throw Refuse(key, "a finite number above 0");
    }

    public string? OptionalText(string key)
    {
        if (Value(key) is not { } value)
            return null;
        return Text(value) ?? throw Refuse(key, "a string");
    }

    /// <summary>The string in <paramref name="value"/>; null where it is another type or no well-formed string.</summary>
    public static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The value of a key; null where the key is absent or its value is <c>null</c>.</summary>
    public JsonElement? Value(string key)
    {
        _ = _asked.Add(key);
        return _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>The error that refuses a key's value, or its absence.</summary>
    public HymbaConfigException Refuse(string key, string supported)
    {
        string found = _values.TryGetValue(key, out var value) ? $"is {Quote(value)}" : "is missing";
        return new HymbaConfigException($"{_source}: {key} {found}; supported: {supported}.");
    }

    private int ToInteger(string key, JsonElement value, int least, int most)
    {
        bool fits = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most;
        return fits ? value.GetInt32() : throw Refuse(key, AnInteger(least, most));
    }

    private static string AnInteger(int least, int most)
    {
        if (least == most)
            return $"{least}";
        return least == int.MinValue ? $"an integer, at most {most}" : $"an integer from {least} to {most}";
    }

    private static string Quote(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= LongestQuotedValue ? text : text[..LongestQuotedValue] + " …";
    }
}
