using System.Text.Encodings.Web;
using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>JSON with a space after each colon and comma, as templates write tools and the family writes calls.</summary>
public static class SpacedJson
{
    /// <summary>An element's JSON.</summary>
    public static string Write(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(", ", element.EnumerateObject().Select(member => $"{Text(member.Name)}: {Write(member.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(", ", element.EnumerateArray().Select(Write)) + "]",
        JsonValueKind.String => Text(element.GetString()!),
        _ => element.GetRawText(),
    };

    internal static string Text(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
