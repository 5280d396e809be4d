using System.Text.Json.Nodes;

namespace HymbaSharp.Tests.Generation.Constraints;

/// <summary>Random JSON Schemas out of everything that is supported. Objects refer to definitions, which may refer to each other and themselves.</summary>
internal sealed class RandomSchema(Random random)
{
    private static readonly string[] Names = ["a", "ab", "name", "user name", "é", "q\"t", "x/y~z", "n\\b", ""];
    private static readonly string[] Patterns = ["^[a-z]{1,5}$", "^(?:GET|POST)$", "\\d", "^a|b$", "^\\w+@\\w+$", "^[^\"]*$", "^.{2,4}$", "^[\\u00e0-\\u00ff\\\\/]+x?$"];
    private static readonly string[] Formats = ["date", "time", "date-time", "uuid", "email", "ipv4"];

    public JsonObject Next()
    {
        JsonObject root = Object(3);
        root["$defs"] = new JsonObject
        {
            ["tree"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["value"] = Value(1),
                    ["children"] = new JsonObject { ["type"] = "array", ["items"] = Reference("tree"), ["maxItems"] = random.Next(1, 4) },
                    ["next"] = new JsonObject { ["anyOf"] = new JsonArray(Reference("tree"), Type("null")) },
                },
                ["required"] = new JsonArray(random.Next(2) == 0 ? "children" : "value"),
                ["additionalProperties"] = false,
            },
            ["leaf"] = Value(0),
        };
        return root;
    }

    private JsonObject Value(int depth) => random.Next(depth > 0 ? 17 : 9) switch
    {
        0 => Text(),
        1 => Integer(),
        2 => Number(),
        3 => Type("boolean"),
        4 => Type("null"),
        5 => new JsonObject { ["enum"] = new JsonArray("x", "é\n", 1, -2.5, null, true, new JsonObject { ["k"] = new JsonArray(1, "b") }) },
        6 => new JsonObject { ["const"] = random.Next(3) switch { 0 => "c\"", 1 => 7, _ => new JsonArray(1, new JsonObject()) } },
        7 => new JsonObject { ["type"] = new JsonArray("string", "null", "integer") },
        8 => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray("red", "green", "redder") },
        9 or 10 => Object(depth - 1),
        11 => Array(depth - 1),
        12 => new JsonObject { ["anyOf"] = new JsonArray(Value(depth - 1), Value(depth - 1)) },
        13 => new JsonObject
        {
            ["oneOf"] = new JsonArray(Text(), Integer(), new JsonObject { ["type"] = "array", ["items"] = Value(depth - 1), ["maxItems"] = 2 },
                Tagged("one", depth), Tagged("two", depth)),
        },
        14 => Reference(random.Next(2) == 0 ? "tree" : "leaf"),
        15 => new JsonObject { ["allOf"] = new JsonArray(Closed(Object(depth - 1), false), new JsonObject { ["properties"] = new JsonObject { ["zz"] = Value(depth - 1) }, ["required"] = new JsonArray("zz") }) },
        _ => With(Object(depth - 1), "anyOf", new JsonArray(new JsonObject { ["required"] = new JsonArray("a") }, new JsonObject { ["properties"] = new JsonObject { ["w"] = Value(0) } })),
    };

    private JsonObject Object(int depth)
    {
        string[] names = [.. Names.Where(_ => random.Next(3) == 0)];
        JsonObject properties = [];
        foreach (string name in names)
            properties[name] = Value(depth);
        JsonObject schema = new() { ["type"] = "object", ["properties"] = properties, ["description"] = "an object" };
        if (random.Next(3) > 0)
            schema["required"] = new JsonArray([.. names.Where(_ => random.Next(2) == 0).Select(name => JsonValue.Create(name))]);
        return random.Next(4) switch
        {
            0 => With(schema, "additionalProperties", false),
            1 => With(schema, "additionalProperties", Value(0)),
            2 => With(schema, "additionalProperties", random.Next(2) == 0),
            _ => schema,
        };
    }

    private JsonObject Array(int depth)
    {
        JsonObject schema = new() { ["type"] = "array" };
        int prefix = random.Next(3);
        if (prefix > 0)
            schema["prefixItems"] = new JsonArray([.. Enumerable.Range(0, prefix).Select(_ => Value(depth))]);
        if (random.Next(3) > 0)
            schema["items"] = Value(depth);
        int min = random.Next(3);
        if (random.Next(2) == 0)
            schema["minItems"] = min;
        if (random.Next(2) == 0)
            schema["maxItems"] = min + random.Next(3);
        return schema;
    }

    private JsonObject Text()
    {
        JsonObject schema = Type("string");
        switch (random.Next(5))
        {
            case 0:
                schema["minLength"] = random.Next(4);
                break;
            case 1:
                schema["minLength"] = random.Next(4);
                schema["maxLength"] = random.Next(4, 9);
                break;
            case 2:
                schema["pattern"] = Patterns[random.Next(Patterns.Length)];
                break;
            case 3:
                schema["format"] = Formats[random.Next(Formats.Length)];
                break;
        }
        return schema;
    }

    private JsonObject Integer()
    {
        JsonObject schema = Type("integer");
        int low = random.Next(-1000, 1000);
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = low + random.Next(100, 5000);
        if (random.Next(3) == 0)
            schema["multipleOf"] = random.Next(1, 25);
        return schema;
    }

    private JsonObject Number()
    {
        JsonObject schema = Type("number");
        double low = Math.Round(random.NextDouble() * 100 - 50, random.Next(3));
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = Math.Round(low + 0.05 + random.NextDouble() * 100, 2);
        return schema;
    }

    private JsonObject Tagged(string tag, int depth) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = tag }, ["value"] = Value(depth - 1) },
        ["required"] = new JsonArray("kind"),
    };

    private static JsonObject Type(string name) => new() { ["type"] = name };

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    private static JsonObject Closed(JsonObject schema, bool isClosed)
    {
        _ = schema.Remove("additionalProperties");
        return isClosed ? With(schema, "additionalProperties", false) : schema;
    }

    private static JsonObject With(JsonObject schema, string keyword, JsonNode value)
    {
        schema[keyword] = value;
        return schema;
    }
}
