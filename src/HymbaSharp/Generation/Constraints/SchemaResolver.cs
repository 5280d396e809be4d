using System.Collections.Frozen;
using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>Looks through references and allOf to the schema objects that describe a value, and refuses keywords that are not supported.</summary>
internal sealed class SchemaResolver
{
    // Values nest no deeper in the parsers of most languages.
    private const int MaxLevels = 64;
    private const int MaxChain = 256;

    private static readonly FrozenSet<string> Annotations = FrozenSet.ToFrozenSet(
        ["title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly", "$defs", "definitions"]);

    private static readonly FrozenSet<string> Supported = FrozenSet.ToFrozenSet(
    [
        "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
        "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    ]);

    private readonly JsonElement _root;
    private readonly HashSet<string> _checked = [];

    public SchemaResolver(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Undefined)
            throw new GrammarException("The JSON Schema is missing; allowed: an object, true or false.");
        Grammar.RefuseLong("The JSON Schema", root.GetRawText().Length);
        CheckText(root, 0);
        _root = root;
    }

    /// <summary>The keywords of a schema object that say something of a value by themselves.</summary>
    public static IEnumerable<string> Constraints(SchemaPart part) =>
        part.Element.EnumerateObject().Select(keyword => keyword.Name).Where(name => !Annotations.Contains(name) && name is not ("$ref" or "allOf"));

    /// <summary>The schema objects that a value must satisfy together; null where nothing can.</summary>
    /// <exception cref="GrammarException">One is no schema, refers to what isn't there, or has a keyword that isn't supported.</exception>
    public List<SchemaPart>? Resolve(IEnumerable<SchemaLocation> schemas)
    {
        Dictionary<string, SchemaPart> parts = [];
        List<string> chain = [];
        return schemas.All(schema => Add(schema, parts, chain)) ? [.. parts.Values.Where(part => Constraints(part).Any())] : null;
    }

    private bool Add(SchemaLocation location, Dictionary<string, SchemaPart> parts, List<string> chain)
    {
        (JsonElement schema, string pointer) = location;
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return schema.ValueKind == JsonValueKind.True;
        if (schema.ValueKind != JsonValueKind.Object)
            throw SchemaLocation.Fault(pointer, $"{schema.GetRawText()} is no schema; allowed: an object, true or false");
        if (chain.Contains(pointer))
            throw SchemaLocation.Fault(pointer, "the schema refers to itself with nothing between; allowed: a reference from a property, an item or an alternative");
        if (chain.Count > MaxChain)
            throw SchemaLocation.Fault(pointer, $"a chain of more than {MaxChain} references");
        SchemaPart part = new(schema, pointer);
        CheckKeywords(part);
        if (!parts.TryAdd(part.Key, part))
            return true;

        chain.Add(pointer);
        bool isPossible = part.Text("$ref") is not { } reference || Add(Follow(part, reference), parts, chain);
        JsonElement[] all = part.List("allOf", "a list of schemas");
        for (int i = 0; i < all.Length && isPossible; i++)
            isPossible = Add(part.Below(all[i], "allOf", i.ToString()), parts, chain);
        chain.RemoveAt(chain.Count - 1);
        return isPossible;
    }

    private void CheckKeywords(SchemaPart part)
    {
        if (!_checked.Add(part.Pointer))
            return;
        foreach (JsonProperty keyword in part.Element.EnumerateObject())
        {
            if (!Supported.Contains(keyword.Name) && !Annotations.Contains(keyword.Name))
                throw SchemaLocation.Fault(part.At(keyword.Name), $"the keyword '{keyword.Name}' is not supported; supported are {string.Join(", ", Supported.Order())}");
        }
        if (part.Text("format") is { } format && JsonStringFormats.Find(format) is null)
            throw part.Fault("format", $"'{format}'; supported are {string.Join(", ", JsonStringFormats.Names)}");
    }

    private SchemaLocation Follow(SchemaPart part, string reference)
    {
        if (reference != "#" && !reference.StartsWith("#/"))
            throw part.Fault("$ref", $"'{reference}'; allowed: '#' or a JSON pointer within the schema, '#/…'");
        SchemaLocation target = new(_root, "#");
        foreach (string step in Uri.UnescapeDataString(reference).Split('/').Skip(1))
        {
            string name = step.Replace("~1", "/").Replace("~0", "~");
            JsonElement below = default;
            bool isFound = target.Schema.ValueKind switch
            {
                JsonValueKind.Object => target.Schema.TryGetProperty(name, out below),
                JsonValueKind.Array => int.TryParse(name, out int index) && index >= 0 && index < target.Schema.GetArrayLength() && (below = target.Schema[index]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!isFound)
                throw part.Fault("$ref", $"'{reference}', which is not in the schema");
            target = new SchemaLocation(below, $"{target.Pointer}/{step}");
        }
        return target;
    }

    /// <summary>Every string well-formed, nothing nested too deep: what comes after need not look.</summary>
    private static void CheckText(JsonElement element, int level)
    {
        if (level > MaxLevels)
            throw new GrammarException($"The JSON Schema nests deeper than the {MaxLevels} levels allowed.");
        try
        {
            if (element.ValueKind == JsonValueKind.String)
                _ = element.GetString();
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckText(property.Value, level + 1);
                }
            }
            else if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement item in element.EnumerateArray())
                    CheckText(item, level + 1);
            }
        }
        catch (InvalidOperationException)
        {
            throw new GrammarException("The JSON Schema has a string with half a surrogate pair or bytes that are not UTF-8; allowed: well-formed text.");
        }
    }
}
