using System.Text;
using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Reads conversations: OpenAI's lines and LMFlow's instances.</summary>
internal static class ConversationReader
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    /// <summary>A conversation that ends with the assistant's reply.</summary>
    /// <exception cref="BadRecordException">It is none.</exception>
    public static ConversationRecord Read(JsonRecord record)
    {
        _ = record.Value("conversation_id");
        List<MessageRecord> messages = [];
        if (record.OptionalText("system") is { } system && !string.IsNullOrWhiteSpace(system))
            messages.Add(new MessageRecord("system", system));
        messages.AddRange(Messages(record.Required("messages"), "messages"));
        RoleOrder.Check(messages, mustReply: true);
        return new ConversationRecord(messages, Tools(record), Contexts(record));
    }

    /// <summary>A list of messages, each sound by itself.</summary>
    public static IReadOnlyList<MessageRecord> Messages(JsonElement list, string path) =>
        [.. JsonRecord.List(list, path).Select((message, i) => Message(new JsonRecord(message, $"{path}[{i}]")))];

    /// <summary>The functions: each an object, or a text as LMFlow has it. A text that is a JSON object is that object.</summary>
    public static IReadOnlyList<JsonElement>? Tools(JsonRecord record) => record.OptionalList("tools") is { } tools
        ? [.. tools.Select((tool, i) => Tool(tool, $"{record.Path("tools")}[{i}]"))]
        : null;

    /// <summary>The passages, none of them empty.</summary>
    public static IReadOnlyList<string>? Contexts(JsonRecord record) => record.OptionalList("contexts") is { } contexts
        ? [.. contexts.Select((context, i) => NotEmpty(JsonRecord.Text(context, $"{record.Path("contexts")}[{i}]"), $"{record.Path("contexts")}[{i}]"))]
        : null;

    public static string NotEmpty(string text, string path) => string.IsNullOrWhiteSpace(text)
        ? throw new BadRecordException(BadRecordException.EmptyContent, $"{path} is empty")
        : text;

    private static MessageRecord Message(JsonRecord message)
    {
        string role = message.RequiredText("role");
        if (!Roles.Contains(role))
            throw new BadRecordException(BadRecordException.UnknownRole, $"{message.Path("role")} is \"{role}\"; known: {string.Join(", ", Roles)}");
        bool isAssistant = role == "assistant";
        IReadOnlyList<CallRecord> calls = message.OptionalList("tool_calls") is { } list
            ? isAssistant
                ? [.. list.Select((call, i) => CallReader.Read(call, $"{message.Path("tool_calls")}[{i}]"))]
                : throw new BadRecordException(BadRecordException.BadToolCall, $"{message.Path("tool_calls")}: the role {role} calls no tools")
            : [];
        if (message.Value("function_call") is not null)
            throw new BadRecordException(BadRecordException.BadToolCall, $"{message.Path("function_call")} is not read; needed: tool_calls");
        string content = message.Value("content") is { } value
            ? Content(value, message.Path("content"))
            : calls.Count > 0 ? "" : Content(message.Required("content"), "");
        // A function may have nothing to tell.
        if (role != "tool" && calls.Count == 0)
            _ = NotEmpty(content, message.Path("content"));
        return new MessageRecord(role, content)
        {
            Calls = calls,
            IsLearned = !isAssistant || Weight(message),
            Fields = message.Rest(),
        };
    }

    private static string Content(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return JsonRecord.Text(value, path);
        StringBuilder content = new();
        foreach ((int i, JsonElement item) in JsonRecord.List(value, path).Index())
        {
            JsonRecord part = new(item, $"{path}[{i}]");
            if (part.RequiredText("type") != "text")
                throw JsonRecord.Refuse(part.Required("type"), part.Path("type"), "\"text\"");
            _ = content.Append(part.RequiredText("text"));
        }
        return content.ToString();
    }

    private static bool Weight(JsonRecord message) => message.Value("weight") switch
    {
        null => true,
        { ValueKind: JsonValueKind.Number } weight when weight.TryGetDouble(out double number) && number is 0 or 1 => number != 0,
        { } weight => throw JsonRecord.Refuse(weight, message.Path("weight"), "0 or 1"),
    };

    private static JsonElement Tool(JsonElement tool, string path)
    {
        if (tool.ValueKind == JsonValueKind.Object)
            return tool;
        if (tool.ValueKind != JsonValueKind.String)
            throw JsonRecord.Refuse(tool, path, "an object or a text");
        string text = NotEmpty(JsonRecord.Text(tool, path), path);
        return text.AsSpan().TrimStart().StartsWith('{') ? JsonRecord.ParseElement(Encoding.UTF8.GetBytes(text)) : tool;
    }
}
