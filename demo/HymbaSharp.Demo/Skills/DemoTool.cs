using System.Text.Json;
using System.Text.Json.Nodes;

namespace HymbaSharp.Demo.Skills;

/// <summary>What a parameter of a tool takes.</summary>
internal enum ParameterKind
{
    Place,
    Person,
    Word,
    Day,
    Color,
    Text,
    Number,
    Hour,
    Origin,
    Target,
}

/// <summary>A parameter of a tool.</summary>
internal sealed record Parameter(string Name, ParameterKind Kind)
{
    /// <summary>What the schema says of it; null: nothing.</summary>
    public string? Description { get; init; }

    public bool IsNumber => Kind is ParameterKind.Number or ParameterKind.Hour;
}

/// <summary>A function of the compositional space: a verb, what it is about, and its parameters.</summary>
/// <param name="Verb">What it does.</param>
/// <param name="Noun">What it does it to.</param>
/// <param name="Description">The sentence of its schema.</param>
/// <param name="Parameters">In the schema's order, which is that of the arguments.</param>
/// <param name="NamesRequired">Whether the schema lists its parameters as required; all are, either way.</param>
internal sealed record DemoTool(string Verb, string Noun, string Description, IReadOnlyList<Parameter> Parameters, bool NamesRequired)
{
    public string Name => $"{Verb}_{Noun}";

    /// <summary>The tool in OpenAI's schema.</summary>
    public JsonElement Schema()
    {
        JsonObject properties = [];
        foreach (Parameter parameter in Parameters)
        {
            JsonObject property = new() { ["type"] = parameter.IsNumber ? "integer" : "string" };
            if (parameter.Description is { } description)
                property["description"] = description;
            properties[parameter.Name] = property;
        }
        JsonObject parameters = new() { ["type"] = "object", ["properties"] = properties };
        if (NamesRequired)
            parameters["required"] = new JsonArray([.. Parameters.Select(parameter => (JsonNode)parameter.Name)]);
        return JsonSerializer.SerializeToElement<JsonNode>(new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = Name, ["description"] = Description, ["parameters"] = parameters },
        });
    }

    /// <summary>The call with these values, numbers as numbers.</summary>
    public string Call(IReadOnlyList<string> values) =>
        $"<toolcall> {{\"name\": {MemberJson.Text(Name)}, \"arguments\": {MemberJson.Object([.. Parameters.Select((parameter, i) => (parameter.Name, values[i], parameter.IsNumber))])}}} </toolcall>";
}
