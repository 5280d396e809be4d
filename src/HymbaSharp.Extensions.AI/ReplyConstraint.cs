using HymbaSharp.Generation;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>What a request demands of the form of its reply: JSON, JSON of a schema, a call of a function.</summary>
internal static class ReplyConstraint
{
    /// <summary>The options with the demand in them.</summary>
    /// <param name="generation">The options without.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="functions">The functions that may be called.</param>
    /// <exception cref="NotSupportedException">A form is demanded.</exception>
    public static GenerationOptions Apply(GenerationOptions generation, ChatOptions options, IReadOnlyList<AIFunctionDeclaration> functions)
    {
        if (options.ResponseFormat is ChatResponseFormatJson { Schema: var schema })
            throw new NotSupportedException($"ResponseFormat asks for JSON{(schema is null ? "" : " of a schema")}, which a reply cannot be held to yet; allowed is ChatResponseFormat.Text.");
        if (options.ToolMode is RequiredChatToolMode { RequiredFunctionName: var name })
            throw new NotSupportedException($"ToolMode requires a call of {(name is null ? "a function" : $"'{name}'")} among {functions.Count}, which a reply cannot be held to yet; allowed are ChatToolMode.Auto and ChatToolMode.None.");
        return generation;
    }
}
