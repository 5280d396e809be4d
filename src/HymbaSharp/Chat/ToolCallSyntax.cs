using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>The JSON between the markers of a tool call.</summary>
internal static class ToolCallSyntax
{
    public static bool TryParse(string text, [NotNullWhen(true)] out ToolCall? call, [NotNullWhen(false)] out string? reason)
    {
        call = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            reason = Check(document.RootElement);
            if (reason is null)
                call = Create(document.RootElement.Clone());
        }
        // An unpaired surrogate is an argument error where it stands in the text, and an invalid operation where it is escaped.
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            reason = $"it is not JSON: {e.Message}";
        }
        return reason is null;
    }

    /// <summary>A call as the family writes it: JSON with a space after each colon and comma, between the markers.</summary>
    public static string Write(ToolCall call) => $"<toolcall> {{\"name\": {SpacedJson.Text(call.Name)}, \"arguments\": {SpacedJson.Write(call.Arguments)}}} </toolcall>";

    private static string? Check(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return $"it is a JSON {root.ValueKind}; an object is needed";
        if (!root.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String || name.GetString()!.Length == 0)
            return "it has no 'name', or one that is no text";
        if (root.TryGetProperty("arguments", out JsonElement arguments) && arguments.ValueKind != JsonValueKind.Object)
            return $"its 'arguments' are a JSON {arguments.ValueKind}; an object is needed";
        ReadTexts(root);
        return null;
    }

    private static ToolCall Create(JsonElement root)
    {
        if (!root.TryGetProperty("arguments", out JsonElement arguments))
            arguments = JsonElement.Parse("{}");
        return new ToolCall(root.GetProperty("name").GetString()!, arguments);
    }

    /// <summary>Reads every text once: one that cannot be read is found here, and not where the call is used.</summary>
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    ReadTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }
                break;
        }
    }
}
