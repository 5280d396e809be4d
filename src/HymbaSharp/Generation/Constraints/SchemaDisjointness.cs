using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>Whether no value can satisfy two schemas both, as oneOf needs it; where that isn't plain to see, the answer is no.</summary>
internal sealed class SchemaDisjointness(SchemaResolver resolver)
{
    private const int MaxLevels = 4;

    public bool Holds(IReadOnlyList<SchemaPart> a, IReadOnlyList<SchemaPart> b, int level = 0)
    {
        SchemaTypes typesA = SchemaTypeNames.Of(a), typesB = SchemaTypeNames.Of(b);
        if ((SchemaTypeNames.Widened(typesA) & SchemaTypeNames.Widened(typesB)) == 0)
            return true;
        if (SchemaValues.Of(a) is { } valuesA && SchemaValues.Of(b) is { } valuesB)
            return !valuesA.Any(value => valuesB.Any(other => JsonElement.DeepEquals(value, other)));
        if ((SchemaTypeNames.Widened(typesA) & SchemaTypeNames.Widened(typesB)) != SchemaTypes.Object || level > MaxLevels)
            return false;
        HashSet<string> requiredA = [.. a.SelectMany(part => part.Names("required"))], requiredB = [.. b.SelectMany(part => part.Names("required"))];
        return requiredA.Any(name => Forbids(b, name)) || requiredB.Any(name => Forbids(a, name))
            || requiredA.Intersect(requiredB).Any(name => resolver.Resolve(Property(a, name)) is not { } propertyA
                || resolver.Resolve(Property(b, name)) is not { } propertyB || Holds(propertyA, propertyB, level + 1));
    }

    /// <summary>What an object's property must satisfy: its own schema, or in parts that don't list it that of additional ones.</summary>
    public static IEnumerable<SchemaLocation> Property(IEnumerable<SchemaPart> parts, string name)
    {
        foreach (SchemaPart part in parts)
        {
            if (part.Find("properties") is { } properties && properties.TryGetProperty(name, out JsonElement schema))
                yield return part.Below(schema, "properties", name);
            else if (part.Find("additionalProperties") is { } additional)
                yield return part.Below(additional, "additionalProperties");
        }
    }

    private bool Forbids(IEnumerable<SchemaPart> parts, string name) => resolver.Resolve(Property(parts, name)) is null;
}

/// <summary>The types of JSON values, an integer being a number of its own kind.</summary>
[Flags]
internal enum SchemaTypes
{
    None = 0,
    Object = 1,
    Array = 2,
    String = 4,
    Integer = 8,
    Number = 16,
    Boolean = 32,
    Null = 64,
    All = Object | Array | String | Number | Boolean | Null,
}

/// <summary>The types that schemas name.</summary>
internal static class SchemaTypeNames
{
    private static readonly Dictionary<string, SchemaTypes> Names = new()
    {
        ["object"] = SchemaTypes.Object,
        ["array"] = SchemaTypes.Array,
        ["string"] = SchemaTypes.String,
        ["integer"] = SchemaTypes.Integer,
        ["number"] = SchemaTypes.Number,
        ["boolean"] = SchemaTypes.Boolean,
        ["null"] = SchemaTypes.Null,
    };

    /// <summary>The types that all parts allow. Where numbers are, integers are not named beside them.</summary>
    public static SchemaTypes Of(IEnumerable<SchemaPart> parts)
    {
        SchemaTypes types = SchemaTypes.All;
        foreach (SchemaPart part in parts)
        {
            if (part.Find("type") is not { } value)
                continue;
            SchemaTypes named = value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().Aggregate(SchemaTypes.None, (all, name) => all | Named(part, name))
                : Named(part, value);
            bool isInteger = (types | named).HasFlag(SchemaTypes.Integer) && (Widened(types) & Widened(named)).HasFlag(SchemaTypes.Number)
                && !(types.HasFlag(SchemaTypes.Number) && named.HasFlag(SchemaTypes.Number));
            types = (Widened(types) & Widened(named) & ~(SchemaTypes.Integer | SchemaTypes.Number))
                | (isInteger ? SchemaTypes.Integer : types & named & SchemaTypes.Number);
        }
        return types;
    }

    /// <summary>The same with numbers where there are integers.</summary>
    public static SchemaTypes Widened(SchemaTypes types) => types.HasFlag(SchemaTypes.Integer) ? (types & ~SchemaTypes.Integer) | SchemaTypes.Number : types;

    public static SchemaTypes OfValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => SchemaTypes.Object,
        JsonValueKind.Array => SchemaTypes.Array,
        JsonValueKind.String => SchemaTypes.String,
        JsonValueKind.Number => ExactDecimal.TryParse(value.GetRawText(), out ExactDecimal number) && number.IsInteger ? SchemaTypes.Integer : SchemaTypes.Number,
        JsonValueKind.Null => SchemaTypes.Null,
        _ => SchemaTypes.Boolean,
    };

    private static SchemaTypes Named(SchemaPart part, JsonElement name) =>
        name.ValueKind == JsonValueKind.String && Names.TryGetValue(name.GetString()!, out SchemaTypes type)
            ? type
            : throw part.Fault("type", $"{name.GetRawText()}; allowed: {string.Join(", ", Names.Keys)}, or a list of them");
}

/// <summary>The values that schemas name one by one.</summary>
internal static class SchemaValues
{
    /// <summary>Those that enum and const of all parts, and their types, allow; null where no part has either.</summary>
    public static List<JsonElement>? Of(IReadOnlyList<SchemaPart> parts)
    {
        List<JsonElement>? values = null;
        foreach (SchemaPart part in parts)
        {
            JsonElement[] listed = part.List("enum", "a list of values");
            if (part.Find("enum") is not null)
                values = Common(values, listed);
            if (part.Find("const") is { } value)
                values = Common(values, [value]);
        }
        SchemaTypes types = SchemaTypeNames.Of(parts);
        return values?.FindAll(value => SchemaTypeNames.OfValue(value) is var type && ((types & type) != 0 || (type == SchemaTypes.Integer && types.HasFlag(SchemaTypes.Number))));
    }

    private static List<JsonElement> Common(List<JsonElement>? values, JsonElement[] listed) =>
        values is null ? [.. listed] : values.FindAll(value => listed.Any(other => JsonElement.DeepEquals(value, other)));
}
