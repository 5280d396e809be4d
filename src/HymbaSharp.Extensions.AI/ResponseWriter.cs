using System.Security.Cryptography;
using HymbaSharp.Generation;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>The updates of one response, each with what all have in common.</summary>
internal sealed class ResponseWriter(string modelId, string? conversationId)
{
    private readonly string _responseId = $"resp_{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
    private readonly string _messageId = $"msg_{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
    private readonly DateTimeOffset _createdAt = DateTimeOffset.UtcNow;

    public ChatResponseUpdate Update(AIContent content, GenerationUpdate source) => new(ChatRole.Assistant, [content])
    {
        ResponseId = _responseId,
        MessageId = _messageId,
        ConversationId = conversationId,
        ModelId = modelId,
        CreatedAt = _createdAt,
        RawRepresentation = source,
    };

    public ChatResponseUpdate Last(GenerationUpdate source, bool hasCalls)
    {
        GenerationStatistics statistics = source.Statistics!;
        ChatResponseUpdate update = Update(new UsageContent(new UsageDetails
        {
            InputTokenCount = statistics.PromptTokens,
            OutputTokenCount = statistics.GeneratedTokens,
            TotalTokenCount = statistics.PromptTokens + statistics.GeneratedTokens,
            CachedInputTokenCount = statistics.CachedPromptTokens,
        }), source);
        update.FinishReason = source.FinishReason switch
        {
            FinishReason.MaxTokens or FinishReason.ContextLimit => ChatFinishReason.Length,
            _ => hasCalls ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
        };
        return update;
    }
}
