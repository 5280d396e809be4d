using System.Buffers;
using System.Text.Json;
using HymbaSharp.Chat;
using NJsonSchema;

namespace HymbaSharp.Server.Api;

/// <summary>The tools of a request: which there are, which may be called, and what a call must look like.</summary>
internal sealed class ToolSet
{
    public const int MaxTools = 128;

    // In OpenAI's own order, which is the one that models are trained on: an object has none, and clients differ.
    private static readonly string[] Members = ["type", "function", "name", "description", "parameters"];

    private readonly Dictionary<string, JsonSchema?> _schemas = []; // null: any arguments
    private readonly List<(string Name, JsonElement? Parameters)> _parameters = [];
    private List<(string Name, JsonElement? Parameters)> _required = [];

    /// <summary>No tool.</summary>
    public static ToolSet None { get; } = new();

    /// <summary>As they stand in the prompt; empty where no call is wanted.</summary>
    public IReadOnlyList<JsonElement> Definitions { get; private init; } = [];

    /// <summary>What holds the reply to a call; null where none is required.</summary>
    public ReplyForm? RequiredCall => _required.Count > 0 ? ReplyForm.OfCall(_required) : null;

    /// <summary>What holds the reply to a call of any of the tools; null where there is none.</summary>
    public ReplyForm? AnyCall => _parameters.Count > 0 ? ReplyForm.OfCall(_parameters) : null;

    /// <summary>Whether a call may be made.</summary>
    public bool MayCall => _schemas.Count > 0;

    public static ToolSet Read(RequestFields fields)
    {
        IReadOnlyList<JsonElement> tools = fields.Array("tools");
        if (tools.Count > MaxTools)
            throw ApiException.Invalid($"'tools' has {tools.Count} elements; at most {MaxTools} are allowed.", "tools");
        JsonElement choice = fields.Member("tool_choice") ?? JsonElement.Parse("\"auto\"");
        string? mode = choice.ValueKind == JsonValueKind.String ? RequestFields.TextOf(choice, "tool_choice") : null;
        if (mode == "none")
            return None;
        ToolSet set = Of(tools);
        if (mode == "auto")
            return set;
        if (mode is not "required" && choice.ValueKind != JsonValueKind.Object)
            throw RequestFields.Wrong("tool_choice", choice, "auto, none, required, or a function of 'tools'");
        string? name = mode is null ? new RequestFields(choice).Object("function")?.Text("name") : null;
        set._required = mode is null ? [.. set._parameters.Where(tool => tool.Name == name)] : set._parameters;
        return set._required.Count > 0 ? set : throw ApiException.Invalid(mode is null ? $"'tool_choice' names '{name}', which is none of 'tools'." : "'tool_choice' requires a call, and there are no 'tools'.", "tool_choice");
    }

    /// <summary>Tools by their definitions.</summary>
    public static ToolSet Of(IReadOnlyList<JsonElement> tools)
    {
        JsonElement[] definitions = new JsonElement[tools.Count];
        ToolSet set = new() { Definitions = definitions };
        for (int i = 0; i < tools.Count; i++)
        {
            set.Add(tools[i], $"tools[{i}]");
            definitions[i] = InOrder(tools[i]);
        }
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
        _parameters.Add((name, function.Object("parameters")?.Body));
        if (!_schemas.TryAdd(name, schema))
            throw ApiException.Invalid($"'{where}.function.name' is '{name}', which another tool has too.", where);
    }

    /// <summary>The same definition with its members in one order, whatever the client's: what is alike reads alike to the model and to the cache of prompts.</summary>
    private static JsonElement InOrder(JsonElement tool)
    {
        ArrayBufferWriter<byte> text = new();
        using (Utf8JsonWriter json = new(text))
            Write(json, tool);
        return JsonElement.Parse(text.WrittenSpan);

        static void Write(Utf8JsonWriter json, JsonElement definition)
        {
            json.WriteStartObject();
            foreach (JsonProperty member in definition.EnumerateObject().OrderBy(member => (uint)Array.IndexOf(Members, member.Name)))
            {
                json.WritePropertyName(member.Name);
                if (member.NameEquals("function"))
                    Write(json, member.Value);
                else
                    member.Value.WriteTo(json);
            }
            json.WriteEndObject();
        }
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
