using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>One schema object with its place. A value that several parts describe must satisfy them all.</summary>
/// <param name="Element">A JSON object.</param>
/// <param name="Pointer">Where it stands, as a JSON pointer in a fragment (RFC 6901).</param>
/// <param name="Taken">How many of its alternatives, first anyOf then oneOf, are accounted for by other parts.</param>
internal sealed record SchemaPart(JsonElement Element, string Pointer, int Taken = 0)
{
    /// <summary>What tells it from all others.</summary>
    public string Key => Taken == 0 ? Pointer : $"{Pointer}!{Taken}";

    public string At(string keyword) => $"{Pointer}/{keyword}";

    public JsonElement? Find(string keyword) => Element.TryGetProperty(keyword, out JsonElement value) ? value : null;

    /// <summary>A keyword that counts something; null where it is absent.</summary>
    public int? Count(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && ExactDecimal.TryParse(value.GetRawText(), out ExactDecimal number) && number.IsInteger
            && number.Mantissa >= 0 && number.Mantissa <= Grammar.MaxRepetition
            ? (int)number.Mantissa
            : throw Fault(keyword, $"{value.GetRawText()}; allowed: an integer from 0 to {Grammar.MaxRepetition}");
    }

    /// <summary>A keyword that is a number; null where it is absent.</summary>
    public ExactDecimal? Number(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && ExactDecimal.TryParse(value.GetRawText(), out ExactDecimal number)
            ? number
            : throw Fault(keyword, $"{value.GetRawText()}; allowed: a number of at most {ExactDecimal.MaxDigits} digits on each side of the point");
    }

    /// <summary>A keyword that is a string; null where it is absent.</summary>
    public string? Text(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Fault(keyword, $"{value.GetRawText()}; allowed: a string");
    }

    /// <summary>A keyword that is a list; empty where it is absent.</summary>
    public JsonElement[] List(string keyword, string allowed)
    {
        if (Find(keyword) is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Fault(keyword, $"{value.GetRawText()}; allowed: {allowed}");
    }

    /// <summary>A keyword that is a list of texts; empty where it is absent.</summary>
    public IEnumerable<string> Names(string keyword) => List(keyword, "a list of strings").Select(name =>
        name.ValueKind == JsonValueKind.String ? name.GetString()! : throw Fault(keyword, $"a list with {name.GetRawText()}; allowed: strings"));

    /// <summary>The schemas of the properties; none where there are no properties.</summary>
    public IEnumerable<(string Name, JsonElement Schema)> Properties()
    {
        if (Find("properties") is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().Select(property => (property.Name, property.Value))
            : throw Fault("properties", $"{value.GetRawText()}; allowed: an object of schemas");
    }

    /// <summary>A schema below this one.</summary>
    public SchemaLocation Below(JsonElement schema, params ReadOnlySpan<string> path)
    {
        string pointer = Pointer;
        foreach (string step in path)
            pointer += "/" + step.Replace("~", "~0").Replace("/", "~1");
        return new SchemaLocation(schema, pointer);
    }

    public GrammarException Fault(string keyword, string what) => SchemaLocation.Fault(At(keyword), $"'{keyword}' is {what}");
}

/// <summary>A schema, which may be true or false, and where it stands.</summary>
internal readonly record struct SchemaLocation(JsonElement Schema, string Pointer)
{
    public static GrammarException Fault(string pointer, string what) => new($"The JSON Schema, at {pointer}: {(what.Length > 600 ? what[..600] + "…" : what)}.");
}
