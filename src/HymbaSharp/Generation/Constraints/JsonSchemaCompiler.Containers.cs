using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>Objects and arrays.</summary>
internal sealed partial class JsonSchemaCompiler
{
    private const int MaxNameLength = 1000;

    /// <summary>
    /// An object: the properties in the order of the schema, those that only 'required' names after them, then others. Without additionalProperties, others are written
    /// only where no property is described.
    /// </summary>
    private Expression Object(List<SchemaPart> parts)
    {
        HashSet<string> required = [.. parts.SelectMany(part => part.Names("required"))];
        string[] described = [.. parts.SelectMany(part => part.Properties()).Select(property => property.Name).Distinct()];
        string[] names = [.. described.Union(parts.SelectMany(part => part.Names("required")))];
        bool isOpen = described.Length == 0 || parts.Exists(part => part.Find("additionalProperties") is not null);
        if (names.FirstOrDefault(name => name.Length > MaxNameLength) is { } longest)
            throw SchemaLocation.Fault(parts[0].Pointer, $"a property's name has {longest.Length} UTF-16 units; allowed: {MaxNameLength}");

        Expression? other = null;
        if (isOpen && Value(Additional(parts)) is var value && value != Expression.Nothing)
            other = Named("(other property)", JsonText.Pair(JsonText.Quoted(NamesBeside(names)), value));
        Expression rest = other is null ? Expression.Empty : Named("(other properties)", Expression.Star(Expression.Sequence(JsonText.Comma, other)));

        // From the last property to the first: what may follow once something has been written, and how the object may begin.
        List<Expression> beginnings = other is null ? [Expression.Empty] : [Expression.Empty, Expression.Sequence(other, rest)];
        foreach (string name in names.Reverse())
        {
            Expression pair = Named("(property)", JsonText.Pair(JsonText.Quoted(JsonText.Canonical(name)), Value(SchemaDisjointness.Property(parts, name))));
            if (required.Contains(name))
                beginnings.Clear();
            beginnings.Add(Expression.Sequence(pair, rest));
            Expression next = Expression.Sequence(JsonText.Comma, pair);
            rest = Named("(properties)", Expression.Sequence(required.Contains(name) ? next : Expression.Optional(next), rest));
        }
        return JsonText.Between('{', Expression.Choice(beginnings), '}');
    }

    private static IEnumerable<SchemaLocation> Additional(IEnumerable<SchemaPart> parts)
    {
        foreach (SchemaPart part in parts)
        {
            if (part.Find("additionalProperties") is { } schema)
                yield return part.Below(schema, "additionalProperties");
        }
    }

    /// <summary>All names but some. Characters have one spelling each here, so that no escape makes one of these of another.</summary>
    private static Expression NamesBeside(string[] names)
    {
        Expression any = Named("(name)", Expression.Star(JsonText.Canonical(CharacterSet.All)));
        return names.Length == 0 ? any : Beside([.. names.Select(name => name.EnumerateRunes().Select(rune => rune.Value).ToArray())], 0);

        Expression Beside(List<int[]> taken, int at)
        {
            List<Expression> ways = [];
            if (taken.TrueForAll(name => name.Length > at))
                ways.Add(Expression.Empty);
            List<IGrouping<int, int[]>> groups = [.. taken.Where(name => name.Length > at).GroupBy(name => name[at])];
            CharacterSet beginnings = CharacterSet.Of(groups.Select(group => (group.Key, group.Key)));
            ways.Add(Expression.Sequence(JsonText.Canonical(beginnings.Complement()), any));
            foreach (IGrouping<int, int[]> group in groups)
                ways.Add(Expression.Sequence(JsonText.Canonical(CharacterSet.Of(group.Key)), Beside([.. group], at + 1)));
            return Named("(name)", Expression.Choice(ways));
        }
    }

    /// <summary>
    /// An array. Without items, any value may follow where prefixItems describes nothing; where it does, only as many as minItems asks for.
    /// </summary>
    private Expression Array(List<SchemaPart> parts)
    {
        int min = parts.Max(part => part.Count("minItems") ?? 0);
        int? max = parts.Min(part => part.Count("maxItems"));
        int described = parts.Max(part => part.List("prefixItems", "a list of schemas").Length);
        foreach (SchemaPart part in parts)
        {
            if (part.Find("items") is { ValueKind: JsonValueKind.Array })
                throw part.Fault("items", "a list; allowed: a schema. A list of schemas is 'prefixItems'");
        }
        if (described > 0 && !parts.Exists(part => part.Find("items") is not null))
            max = Math.Min(max ?? int.MaxValue, Math.Max(described, min));
        if (max < min)
            return Expression.Nothing;

        int first = Math.Min(described, max ?? int.MaxValue);
        Expression further = Expression.Sequence(JsonText.Comma, Item(parts, described));
        if (first == 0)
        {
            return max == 0 ? Expression.Literal("[]") : JsonText.Between('[', Maybe(min > 0,
                Expression.Sequence(Item(parts, described), Expression.Repeat(further, Math.Max(0, min - 1), max - 1))), ']');
        }
        Expression rest = max == first ? Expression.Empty : Expression.Repeat(further, Math.Max(0, min - first), max - first);
        for (int i = first - 1; i > 0; i--)
            rest = Named("(items)", Maybe(i < min, Expression.Sequence(JsonText.Comma, Item(parts, i), rest)));
        return JsonText.Between('[', Maybe(min > 0, Expression.Sequence(Item(parts, 0), rest)), ']');

        static Expression Maybe(bool isNeeded, Expression expression) => isNeeded ? expression : Expression.Optional(expression);
    }

    private Expression Item(List<SchemaPart> parts, int index)
    {
        List<SchemaLocation> schemas = [];
        foreach (SchemaPart part in parts)
        {
            JsonElement[] prefix = part.List("prefixItems", "a list of schemas");
            if (index < prefix.Length)
                schemas.Add(part.Below(prefix[index], "prefixItems", index.ToString()));
            else if (part.Find("items") is { } items)
                schemas.Add(part.Below(items, "items"));
        }
        return Value(schemas);
    }

    private static ReferenceExpression Named(string name, Expression body) => new(new Rule(name) { Body = body });
}
