using System.Text.Json;
using HymbaSharp.Chat;
using NJsonSchema;

namespace HymbaSharp.Server.Api;

/// <summary>The tools of a request: which there are, which may be called, and what a call must look like.</summary>
internal sealed class ToolSet
{
    public const int MaxTools = 128;

    private readonly Dictionary<string, JsonSchema?> _schemas = []; // null: any arguments

    /// <summary>No tool.</summary>
    public static ToolSet None { get; } = new();

    /// <summary>As they stand in the prompt; empty where no call is wanted.</summary>
    public IReadOnlyList<JsonElement> Definitions { get; private init; } = [];

    /// <summary>Whether a call may be made.</summary>
    public bool MayCall => _schemas.Count > 0;

    public static ToolSet Read(RequestFields fields)
    {
        IReadOnlyList<JsonElement> tools = fields.Array("tools");
        if (tools.Count > MaxTools)
            throw ApiException.Invalid($"'tools' has {tools.Count} elements; at most {MaxTools} are allowed.", "tools");
        JsonElement choice = fields.Member("tool_choice") ?? JsonElement.Parse("\"auto\"");
        string? mode = choice.ValueKind == JsonValueKind.String ? choice.GetString() : null;
        if (mode == "none")
            tools = [];
        else if (mode is "required")
            throw ApiException.Invalid("'tool_choice' required is not supported yet; auto and none are.", "tool_choice");
        else if (mode is not "auto")
            throw ApiException.Invalid("'tool_choice' must be auto or none.", "tool_choice");
        return Of(tools);
    }

    /// <summary>Tools by their definitions.</summary>
    public static ToolSet Of(IReadOnlyList<JsonElement> tools)
    {
        ToolSet set = new() { Definitions = tools };
        for (int i = 0; i < tools.Count; i++)
            set.Add(tools[i], $"tools[{i}]");
        return set;
    }

    /// <summary>Why a call is none of these tools'; null where it is.</summary>
    public string? Check(ToolCall call)
    {
        if (!_schemas.TryGetValue(call.Name, out JsonSchema? schema))
            return $"there is no tool '{call.Name}'";
        if (schema is null)
            return null;
        NJsonSchema.Validation.ValidationError? error = schema.Validate(call.Arguments.GetRawText()).FirstOrDefault();
        return error is null ? null : $"its arguments don't fit the tool's schema: {error.Kind} at {error.Path ?? "#"}";
    }

    private void Add(JsonElement tool, string where)
    {
        RequestFields fields = tool.ValueKind == JsonValueKind.Object ? new RequestFields(tool) : throw RequestFields.Wrong(where, tool, "an object");
        if (fields.Text("type") is { } type && type != "function")
            throw ApiException.Invalid($"'{where}.type' is '{type}'; function is needed.", where);
        RequestFields function = fields.Object("function") ?? throw ApiException.Invalid($"'{where}' has no 'function'.", where);
        string name = function.Text("name") is { Length: > 0 } text ? text : throw ApiException.Invalid($"'{where}.function' has no 'name'.", where);
        JsonSchema? schema = null;
        if (function.Object("parameters") is { } parameters)
        {
            CheckReferences(parameters.Body, $"{where}.function.parameters");
            try
            {
                schema = JsonSchema.FromJsonAsync(parameters.Body.GetRawText()).GetAwaiter().GetResult();
            }
            catch (Exception error)
            {
                throw ApiException.Invalid($"'{where}.function.parameters' is no JSON schema: {error.Message}", where);
            }
        }
        if (!_schemas.TryAdd(name, schema))
            throw ApiException.Invalid($"'{where}.function.name' is '{name}', which another tool has too.", where);
    }

    /// <summary>Refuses references to elsewhere, which would have to be fetched.</summary>
    private static void CheckReferences(JsonElement schema, string where)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement element in schema.EnumerateArray())
                CheckReferences(element, where);
        }
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty member in schema.EnumerateObject())
        {
            if (member.NameEquals("$ref") && (member.Value.ValueKind != JsonValueKind.String || !RequestFields.TextOf(member.Value, where).StartsWith('#')))
                throw ApiException.Invalid($"'{where}' holds a $ref to elsewhere; references within it, beginning with #, are allowed.", where);
            CheckReferences(member.Value, where);
        }
    }
}
