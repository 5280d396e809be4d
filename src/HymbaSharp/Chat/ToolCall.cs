using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>A function the model asks to have called.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">Its arguments: a JSON object, empty where the model wrote none.</param>
public sealed record ToolCall(string Name, JsonElement Arguments)
{
    /// <summary>The call as this family of models writes it, markers included: what an earlier answer that made it holds.</summary>
    public string ToText() => ToolCallSyntax.Write(this);
}

/// <summary>What a model wrote between the markers of a tool call without it being one.</summary>
/// <param name="Text">The text, the markers included. It is part of the answer's text as well.</param>
/// <param name="Reason">Why it is no tool call.</param>
public sealed record MalformedToolCall(string Text, string Reason);

/// <summary>A generated text with its tool calls taken out.</summary>
/// <param name="Text">The rest of the text. White space before a call goes with the call, as does what follows the last one to the end.</param>
/// <param name="Calls">The calls, in order.</param>
/// <param name="Malformed">What was marked as a call and is none, in order.</param>
public sealed record ToolCallReading(string Text, IReadOnlyList<ToolCall> Calls, IReadOnlyList<MalformedToolCall> Malformed);
