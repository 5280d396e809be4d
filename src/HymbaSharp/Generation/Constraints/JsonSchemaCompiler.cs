using System.Numerics;
using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// Compiles a JSON Schema (draft 2020-12, the part that docs/constraints.md lists) to an expression. What a value must satisfy together is a list of
/// schema objects; each such list becomes one rule, however often and from wherever it is referred to.
/// </summary>
internal sealed partial class JsonSchemaCompiler
{
    // Beyond these, the readings to follow at once would be too many.
    private const int MaxValues = 4096, MaxDivisor = 100;

    private readonly SchemaResolver _resolver;
    private readonly SchemaDisjointness _disjointness;
    private readonly Dictionary<string, ReferenceExpression> _known = [];
    private readonly Queue<(Rule Rule, List<SchemaPart> Parts)> _open = [];

    private JsonSchemaCompiler(JsonElement schema)
    {
        _resolver = new SchemaResolver(schema);
        _disjointness = new SchemaDisjointness(_resolver);
    }

    /// <exception cref="GrammarException">The schema has a mistake, a keyword that isn't supported, or is beyond a limit.</exception>
    public static Expression Compile(JsonElement schema)
    {
        JsonSchemaCompiler compiler = new(schema);
        Expression root = compiler.Value([new SchemaLocation(schema, "#")]);
        while (compiler._open.TryDequeue(out (Rule Rule, List<SchemaPart> Parts) next))
            next.Rule.Body = compiler.Body(next.Parts);
        return root;
    }

    /// <summary>A value that satisfies all of some schemas.</summary>
    private Expression Value(IEnumerable<SchemaLocation> schemas) => _resolver.Resolve(schemas) is { } parts ? Value(parts) : Expression.Nothing;

    private Expression Value(List<SchemaPart> parts)
    {
        if (parts.Count == 0)
            return JsonText.Value;
        string key = string.Join(" & ", parts.Select(part => part.Key));
        if (!_known.TryGetValue(key, out ReferenceExpression? known))
        {
            if (_known.Count > Grammar.MaxRules || key.Length > Grammar.MaxTextLength)
                throw SchemaLocation.Fault(parts[0].Pointer, $"the schema has more than {Grammar.MaxRules} combinations of alternatives, the most allowed");
            _known[key] = known = new ReferenceExpression(new Rule(key));
            _open.Enqueue((known.Rule, parts));
        }
        return known;
    }

    private Expression Body(List<SchemaPart> parts)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            for (int taken = parts[i].Taken; taken < 2; taken++)
            {
                string keyword = taken == 0 ? "anyOf" : "oneOf";
                if (parts[i].Find(keyword) is not null)
                    return Alternatives(parts, i, keyword, taken + 1);
            }
        }

        SchemaTypes types = SchemaTypeNames.Of(parts);
        if (SchemaValues.Of(parts) is { } values)
            return Listed(parts, values);
        if (types == SchemaTypes.All)
            types = Described(parts);
        List<Expression> kinds = [];
        if (types.HasFlag(SchemaTypes.Object))
            kinds.Add(Object(parts));
        if (types.HasFlag(SchemaTypes.Array))
            kinds.Add(Array(parts));
        if (types.HasFlag(SchemaTypes.String))
            kinds.Add(String(parts));
        if ((types & (SchemaTypes.Number | SchemaTypes.Integer)) != 0)
            kinds.Add(Number(parts, types.HasFlag(SchemaTypes.Integer)));
        if (types.HasFlag(SchemaTypes.Boolean))
            kinds.Add(JsonText.Boolean);
        if (types.HasFlag(SchemaTypes.Null))
            kinds.Add(JsonText.Null);
        return Expression.Choice(kinds);
    }

    /// <summary>The other parts with each alternative of one in turn.</summary>
    private Expression Alternatives(List<SchemaPart> parts, int index, string keyword, int taken)
    {
        SchemaPart part = parts[index];
        JsonElement[] schemas = part.List(keyword, "a list of schemas");
        List<List<SchemaPart>?> branches = [.. schemas.Select((schema, i) => _resolver.Resolve([part.Below(schema, keyword, i.ToString())]))];
        if (keyword == "oneOf")
            RefuseOverlap(part, branches);
        List<Expression> alternatives = [];
        foreach (List<SchemaPart>? branch in branches)
        {
            if (branch is null)
                continue;
            List<SchemaPart> together = [.. parts];
            together[index] = part with { Taken = taken };
            // Of a part that says nothing else, nothing is left: the same alternative elsewhere is then the same rule.
            if (SchemaResolver.Constraints(part).All(constraint => constraint == keyword))
                together.RemoveAt(index);
            together.AddRange(branch.ExceptBy(together.Select(other => other.Key), other => other.Key));
            alternatives.Add(Value(together));
        }
        return Expression.Choice(alternatives);
    }

    private void RefuseOverlap(SchemaPart part, List<List<SchemaPart>?> branches)
    {
        for (int i = 0; i < branches.Count; i++)
        {
            for (int k = 0; k < i; k++)
            {
                if (branches[i] is { } a && branches[k] is { } b && !_disjointness.Holds(a, b))
                    throw part.Fault("oneOf", $"a list in which the schemas {k} and {i} may hold both; allowed: schemas that differ in type, in const or enum, or in that of a required property. anyOf allows any");
            }
        }
    }

    /// <summary>The types that are described, where none is named: properties mean an object. Without any description, all.</summary>
    private static SchemaTypes Described(List<SchemaPart> parts)
    {
        SchemaTypes types = SchemaTypes.None;
        foreach (string keyword in parts.SelectMany(SchemaResolver.Constraints))
        {
            types |= keyword switch
            {
                "properties" or "required" or "additionalProperties" => SchemaTypes.Object,
                "items" or "prefixItems" or "minItems" or "maxItems" => SchemaTypes.Array,
                "minLength" or "maxLength" or "pattern" or "format" => SchemaTypes.String,
                "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" => SchemaTypes.Number,
                _ => SchemaTypes.None,
            };
        }
        return types == SchemaTypes.None ? SchemaTypes.All : types;
    }

    private static Expression Listed(List<SchemaPart> parts, List<JsonElement> values)
    {
        foreach (SchemaPart part in parts)
        {
            if (SchemaResolver.Constraints(part).FirstOrDefault(name => name is not ("type" or "enum" or "const" or "anyOf" or "oneOf")) is { } other)
                throw SchemaLocation.Fault(part.At(other), $"'{other}' beside 'enum' or 'const' is not supported; allowed: 'type', and values that already satisfy the rest");
        }
        return values.Count <= MaxValues
            ? Expression.Choice(values.Select(JsonText.Literal))
            : throw SchemaLocation.Fault(parts[0].Pointer, $"{values.Count} values are listed; allowed: {MaxValues}");
    }

    private static Expression String(List<SchemaPart> parts)
    {
        List<(SchemaPart Part, string Keyword)> kinds = [];
        foreach (SchemaPart part in parts)
        {
            if (part.Find("minLength") is not null || part.Find("maxLength") is not null)
                kinds.Add((part, "length"));
            if (part.Text("pattern") is { } pattern)
                kinds.Add((part, $"pattern {pattern}"));
            if (part.Text("format") is { } format)
                kinds.Add((part, $"format {format}"));
        }
        if (kinds.DistinctBy(kind => kind.Keyword).Skip(1).FirstOrDefault() is { Part: not null } second)
            throw SchemaLocation.Fault(second.Part.Pointer, "more than one of a pattern, a format and lengths on one string are not supported; allowed: one of them (a pattern can count: ^[a-z]{2,8}$)");
        if (kinds.Count == 0)
            return JsonText.String;
        SchemaPart only = kinds[0].Part;
        if (only.Text("format") is { } name)
            return JsonStringFormats.Find(name)!;
        if (only.Text("pattern") is { } expression)
        {
            return JsonText.Quoted(RegexParser.Parse(expression, $"The JSON Schema, at {only.At("pattern")}", JsonText.Canonical)
                .Within(JsonText.Canonical(CharacterSet.All)));
        }
        int min = parts.Max(part => part.Count("minLength") ?? 0);
        int? max = parts.Min(part => part.Count("maxLength"));
        return max < min ? Expression.Nothing : JsonText.Quoted(Expression.Repeat(JsonText.Character, min, max));
    }

    private static Expression Number(List<SchemaPart> parts, bool isInteger)
    {
        (ExactDecimal Value, bool IsExcluded)? min = null, max = null;
        ExactDecimal? step = null;
        foreach (SchemaPart part in parts)
        {
            Raise(ref min, part.Number("minimum"), isExcluded: false, sign: 1);
            Raise(ref min, part.Number("exclusiveMinimum"), isExcluded: true, sign: 1);
            Raise(ref max, part.Number("maximum"), isExcluded: false, sign: -1);
            Raise(ref max, part.Number("exclusiveMaximum"), isExcluded: true, sign: -1);
            if (part.Number("multipleOf") is { } multiple)
            {
                if (multiple.Mantissa <= 0 || (step is not null && step != multiple))
                    throw part.Fault("multipleOf", $"{part.Find("multipleOf")}; allowed: one number above 0");
                step = multiple;
            }
        }

        int fractionDigits = JsonText.MaxFractionDigits;
        if (step is { IsInteger: true })
        {
            isInteger = true;
        }
        else if (step is { } fraction)
        {
            if (fraction.Mantissa != 1)
                throw Unsupported();
            fractionDigits = fraction.Scale;
        }
        if (!isInteger && min is null && max is null && step is null)
            return JsonText.Number;
        if (!isInteger)
            return JsonNumbers.Reals(min?.Value, min?.IsExcluded ?? false, max?.Value, max?.IsExcluded ?? false, fractionDigits);

        BigInteger? first = min is { } low ? low.IsExcluded ? low.Value.Floor + 1 : low.Value.Ceiling : null;
        BigInteger? last = max is { } high ? high.IsExcluded ? high.Value.Ceiling - 1 : high.Value.Floor : null;
        BigInteger divisor = step is { IsInteger: true } integer ? integer.Mantissa : 1;
        BigInteger odd = divisor;
        while (odd % 10 == 0)
            odd /= 10;
        if (odd > MaxDivisor || divisor > int.MaxValue)
            throw Unsupported();
        return first is null && last is null && divisor == 1 ? JsonText.Integer : JsonNumbers.Integers(first, last, (int)divisor);

        GrammarException Unsupported()
        {
            SchemaPart part = parts.First(part => part.Find("multipleOf") is not null);
            return part.Fault("multipleOf", $"{part.Find("multipleOf")}; supported: integers to {MaxDivisor}, these times a power of ten, and 0.1, 0.01, …");
        }
    }

    /// <summary>Narrows a bound: a minimum upwards, a maximum (sign −1) downwards.</summary>
    private static void Raise(ref (ExactDecimal Value, bool IsExcluded)? bound, ExactDecimal? candidate, bool isExcluded, int sign)
    {
        if (candidate is not { } value)
            return;
        int order = bound is { } known ? sign * value.CompareTo(known.Value) : 1;
        if (order > 0 || (order == 0 && isExcluded))
            bound = (value, isExcluded);
    }
}
