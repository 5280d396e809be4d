using System.Text.Encodings.Web;
using System.Text.Json;

namespace HymbaSharp.Demo.Skills;

/// <summary>JSON with a space after each colon and comma, as Python writes it and as a chat template writes the schemas.</summary>
internal static class SpacedJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(string text) => JsonSerializer.Serialize(text, Relaxed);

    public static string Object(IReadOnlyList<(string Name, string Value, bool IsNumber)> members) =>
        "{" + string.Join(", ", members.Select(member => $"{Text(member.Name)}: {(member.IsNumber ? member.Value : Text(member.Value))}")) + "}";

    /// <summary>The same without spaces between its parts, as JavaScript and .NET write it.</summary>
    public static string CompactObject(IReadOnlyList<(string Name, string Value, bool IsNumber)> members) =>
        "{" + string.Join(',', members.Select(member => $"{Text(member.Name)}:{(member.IsNumber ? member.Value : Text(member.Value))}")) + "}";

    public static string Write(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(", ", element.EnumerateObject().Select(member => $"{Text(member.Name)}: {Write(member.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(", ", element.EnumerateArray().Select(Write)) + "]",
        JsonValueKind.String => Text(element.GetString()!),
        _ => element.GetRawText(),
    };
}
