using System.Text;
using System.Text.Json;
using HymbaSharp.Chat;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using PromptMessage = HymbaSharp.Chat.ChatMessage;

namespace HymbaSharp.Extensions.AI;

/// <summary>The messages of a request as a chat template takes them: a role and a text.</summary>
internal static class PromptMessages
{
    /// <exception cref="HymbaRequestException">A message has a role or holds a content that no template can take.</exception>
    public static List<PromptMessage> Of(IEnumerable<ChatMessage> messages)
    {
        List<PromptMessage> prompt = [];
        foreach (ChatMessage message in messages)
            Add(message, prompt);
        return prompt;
    }

    private static void Add(ChatMessage message, List<PromptMessage> prompt)
    {
        string role = Role(message.Role);
        StringBuilder text = new();
        bool isTurn = message.Contents.Count == 0;
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent part:
                    _ = text.Append(part.Text);
                    isTurn = true;
                    break;
                case FunctionCallContent call when message.Role == ChatRole.Assistant:
                    _ = text.Append(text.Length > 0 ? " " : "").Append(new ToolCall(call.Name, Arguments(call)).ToText());
                    isTurn = true;
                    break;
                case FunctionResultContent result:
                    prompt.Add(new PromptMessage("tool", Result(result)));
                    break;
                // What a reply held beside its text was never part of a prompt.
                case TextReasoningContent or UsageContent:
                    break;
                default:
                    throw NotTaken(content, $"A message of the role '{role}'");
            }
        }
        if (isTurn)
            prompt.Add(new PromptMessage(role, text.ToString()));
    }

    private static string Role(ChatRole role)
    {
        if (role == ChatRole.System || role == ChatRole.User || role == ChatRole.Assistant || role == ChatRole.Tool)
            return role.Value.ToLowerInvariant();
        throw new HymbaRequestException($"A message has the role '{role}'; allowed are system, user, assistant and tool.");
    }

    private static JsonElement Arguments(FunctionCallContent call) =>
        JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions);

    private static string Result(FunctionResultContent content) =>
        content is { Result: null, Exception: not null } ? "Error: the function failed." : Text(content.Result);

    private static string Text(object? result) => result switch
    {
        string text => text,
        TextContent content => content.Text,
        AIContent content => throw NotTaken(content, "A function's result"),
        IEnumerable<AIContent> contents => string.Concat(contents.Select(Text)),
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString()!,
        JsonElement json => SpacedJson.Write(json),
        null => "null",
        _ => Text(JsonSerializer.SerializeToElement(result, result.GetType(), AIJsonUtilities.DefaultOptions)),
    };

    private static HymbaRequestException NotTaken(AIContent content, string holder) => new(
        $"{holder} holds a {content.GetType().Name}{(content is DataContent data ? $" of {data.MediaType}" : "")}; Hymba models take text (TextContent), calls by the assistant (FunctionCallContent) and their results (FunctionResultContent).");
}
