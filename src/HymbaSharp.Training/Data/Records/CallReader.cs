using System.Text;
using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Reads an item of <c>tool_calls</c>: OpenAI's <c>{"type": "function", "function": {"name", "arguments"}}</c> or the inner object by itself.</summary>
internal static class CallReader
{
    /// <exception cref="BadRecordException">It is none.</exception>
    public static CallRecord Read(JsonElement item, string path)
    {
        JsonRecord call = new(item, path);
        string? id = call.OptionalText("id");
        if (call.Value("type") is { } type && JsonRecord.Text(type, call.Path("type")) != "function")
            throw JsonRecord.Refuse(type, call.Path("type"), "\"function\"");
        JsonRecord function = call.Value("function") is { } inner ? new JsonRecord(inner, call.Path("function")) : call;
        string name = ConversationReader.NotEmpty(function.RequiredText("name"), function.Path("name"));
        return new CallRecord(id, name, Arguments(function.Value("arguments"), function.Path("arguments")));
    }

    /// <summary>An object, or a text that holds one; none where it is absent or the text is empty.</summary>
    private static JsonElement Arguments(JsonElement? value, string path)
    {
        JsonElement arguments = value switch
        {
            null => JsonElement.Parse("{}"),
            { ValueKind: JsonValueKind.String } text => Parse(JsonRecord.Text(text, path), path),
            { } element => element,
        };
        return arguments.ValueKind == JsonValueKind.Object ? arguments : throw JsonRecord.Refuse(arguments, path, "an object, or a text that holds one");
    }

    private static JsonElement Parse(string text, string path)
    {
        if (string.IsNullOrWhiteSpace(text))
            return JsonElement.Parse("{}");
        try
        {
            return JsonRecord.ParseElement(Encoding.UTF8.GetBytes(text));
        }
        catch (BadRecordException error)
        {
            throw new BadRecordException(BadRecordException.BadToolCall, $"{path}: {error.Reason}: {error.Message}");
        }
    }
}
