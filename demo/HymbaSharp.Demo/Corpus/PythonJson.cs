using System.Text.Json;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Corpus;

/// <summary>Writes a schema as a chat template's <c>tojson</c> does.</summary>
internal static class PythonJson
{
    public static string Write(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(", ", element.EnumerateObject().Select(member => $"{SpacedJson.Text(member.Name)}: {Write(member.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(", ", element.EnumerateArray().Select(Write)) + "]",
        JsonValueKind.String => SpacedJson.Text(element.GetString()!),
        _ => element.GetRawText(),
    };
}
