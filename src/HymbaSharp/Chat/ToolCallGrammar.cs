using System.Text.Json;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Chat;

/// <summary>What a reply that must call a tool may be.</summary>
public static class ToolCallGrammar
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("""{"type": "object", "additionalProperties": false}""");

    /// <summary>One call of one of some tools, markers included, its arguments those of the tool's schema.</summary>
    /// <param name="tools">The tools' names and the schemas of their parameters; null where a tool has none.</param>
    /// <exception cref="GrammarException">There is no tool, or a schema asks for what can't be kept.</exception>
    public static Grammar Of(IEnumerable<(string Name, JsonElement? Parameters)> tools) => Grammar.Choice(tools.Select(tool =>
    {
        // As a call without arguments is written, up to them.
        string head = new ToolCall(tool.Name, JsonElement.Parse("{}")).ToText();
        int arguments = head.LastIndexOf("{}", StringComparison.Ordinal);
        return Grammar.Sequence(Grammar.Literal(head[..arguments]), Grammar.FromJsonSchema(Describes(tool.Parameters) ? tool.Parameters!.Value : NoArguments), Grammar.Literal(head[(arguments + 2)..]));
    }));

    // A schema of a function that describes nothing means that it takes nothing; as a schema it would allow any object.
    private static bool Describes(JsonElement? parameters) => parameters is { ValueKind: not JsonValueKind.Object }
        || (parameters is { } schema && schema.EnumerateObject().Any(member => member.Name is not ("type" or "title" or "description" or "required" or "$schema")
            && !(member.Name == "properties" && member.Value.ValueKind == JsonValueKind.Object && !member.Value.EnumerateObject().Any())));
}
