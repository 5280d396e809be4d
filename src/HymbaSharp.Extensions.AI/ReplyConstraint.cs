using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Generation.Constraints;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>What a request demands of the form of its reply: JSON, JSON of a schema, a call of a function.</summary>
internal static class ReplyConstraint
{
    /// <summary>The options with the demand in them.</summary>
    /// <param name="generation">The options without.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="functions">The functions that may be called.</param>
    /// <param name="constraints">Keeps what is compiled.</param>
    /// <exception cref="HymbaRequestException">A call is required, and there is no such function.</exception>
    /// <exception cref="GrammarException">A schema asks for what can't be kept.</exception>
    public static GenerationOptions Apply(GenerationOptions generation, ChatOptions options, IReadOnlyList<AIFunctionDeclaration> functions, Lazy<ConstraintCache> constraints)
    {
        if (options.ToolMode is RequiredChatToolMode { RequiredFunctionName: var name })
        {
            AIFunctionDeclaration[] required = [.. functions.Where(function => name is null || function.Name == name)];
            if (required.Length == 0)
                throw new HymbaRequestException($"ToolMode requires a call of {(name is null ? "a function" : $"'{name}'")}, which is not among the {functions.Count} of Tools.");
            return generation with { Constraint = constraints.Value.Get(KeyOf(required), () => CallOf(required)) };
        }
        if (options.ResponseFormat is not ChatResponseFormatJson { Schema: var schema })
            return generation;
        string key = schema is null ? "object" : $"schema {schema.Value.GetRawText()}";
        Grammar Format() => schema is null ? Grammar.AnyJsonObject : Grammar.FromJsonSchema(schema.Value);
        // With functions the model may call one in place of the answer.
        return generation with
        {
            Constraint = functions.Count == 0
                ? constraints.Value.Get(key, Format)
                : constraints.Value.Get($"{key}\nor {KeyOf(functions)}", () => Grammar.Choice(Format(), CallOf(functions))),
        };
    }

    private static string KeyOf(IEnumerable<AIFunctionDeclaration> functions) => $"call {string.Join('\n', functions.Select(function => $"{function.Name} {function.JsonSchema.GetRawText()}"))}";

    private static Grammar CallOf(IEnumerable<AIFunctionDeclaration> functions) => ToolCallGrammar.Of(functions.Select(function => (function.Name, (System.Text.Json.JsonElement?)function.JsonSchema)));
}
