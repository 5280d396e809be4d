using System.Text.Encodings.Web;
using System.Text.Json;

namespace HymbaSharp.Demo.Skills;

/// <summary>JSON objects of a few members whose values are texts or numbers.</summary>
internal static class MemberJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(string text) => JsonSerializer.Serialize(text, Relaxed);

    /// <summary>An object with a space after each colon and comma, as Python writes it; or without, as JavaScript and .NET do.</summary>
    public static string Object(IReadOnlyList<(string Name, string Value, bool IsNumber)> members, bool isSpaced = true)
    {
        string space = isSpaced ? " " : "";
        return "{" + string.Join($",{space}", members.Select(member => $"{Text(member.Name)}:{space}{(member.IsNumber ? member.Value : Text(member.Value))}")) + "}";
    }
}
