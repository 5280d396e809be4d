using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Chat.Jinja;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>Puts the tool calls of a message where its template reads them: into <c>tool_calls</c>, or into the text, as this family writes them.</summary>
internal static class CallText
{
    /// <exception cref="BadRecordException">The arguments of a call can't be written.</exception>
    public static ChatMessage Message(MessageRecord message, bool asField)
    {
        if (message.Calls.Count == 0)
            return new ChatMessage(message.Role, message.Content) { Fields = message.Fields };
        if (asField)
        {
            Dictionary<string, JsonElement> fields = new(message.Fields) { ["tool_calls"] = Field(message.Calls) };
            return new ChatMessage(message.Role, message.Content) { Fields = fields };
        }
        IEnumerable<string> lines = message.Calls.Select(call => $"<toolcall> {Json(call)} </toolcall>");
        string content = message.Content.TrimEnd();
        return new ChatMessage(message.Role, string.Join('\n', content == "" ? lines : lines.Prepend(content))) { Fields = message.Fields };
    }

    /// <summary>The call as <c>tojson</c> writes it, which is how the family's models have seen JSON.</summary>
    private static string Json(CallRecord call)
    {
        try
        {
            Budget budget = new();
            DictValue value = new();
            value.Set("name", call.Name, budget);
            value.Set("arguments", Chat.Jinja.Json.Import(call.Arguments, text => text, budget), budget);
            TextBuffer buffer = new(budget);
            new JsonWriter(buffer, indent: null, ", ", ": ", asciiOnly: false, sortKeys: false).Write(value, depth: 0);
            return buffer.ToString();
        }
        catch (JinjaFault fault)
        {
            throw new BadRecordException(BadRecordException.BadToolCall, $"the arguments of {call.Name}: {fault.Message}");
        }
    }

    private static JsonElement Field(IReadOnlyList<CallRecord> calls)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartArray();
            foreach (CallRecord call in calls)
            {
                writer.WriteStartObject();
                if (call.Id is not null)
                    writer.WriteString("id", call.Id);
                writer.WriteString("type", "function");
                writer.WriteStartObject("function");
                writer.WriteString("name", call.Name);
                writer.WritePropertyName("arguments");
                call.Arguments.WriteTo(writer);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return JsonElement.Parse(stream.ToArray());
    }
}
