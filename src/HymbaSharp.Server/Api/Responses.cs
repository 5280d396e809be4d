using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace HymbaSharp.Server.Api;

// The objects of OpenAI's API (platform.openai.com/docs/api-reference). Members that clients expect even where they are null are always written.

internal sealed record ApiError(ErrorBody Error);

internal sealed record ErrorBody(
    string Message, string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);

internal sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails);

internal sealed record PromptTokensDetails(int CachedTokens);

internal sealed record ChatCompletion(string Id, string Object, long Created, string Model, string SystemFingerprint, IReadOnlyList<ChatChoice> Choices)
{
    public Usage? Usage { get; init; }
}

/// <summary>A reply, whole in <see cref="Message"/> or what is new in <see cref="Delta"/>.</summary>
internal sealed record ChatChoice(int Index)
{
    public ChatReply? Message { get; init; }

    public ChatReply? Delta { get; init; }

    public ChatLogProbs? Logprobs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

internal sealed record ChatReply
{
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    public IReadOnlyList<ToolCallReply>? ToolCalls { get; init; }
}

/// <summary>A call; its index in a stream alone.</summary>
internal sealed record ToolCallReply(int? Index, string Id, string Type, FunctionReply Function);

/// <param name="Name">The function's.</param>
/// <param name="Arguments">JSON, as text.</param>
internal sealed record FunctionReply(string Name, string Arguments);

internal sealed record ChatLogProbs(IReadOnlyList<ChatLogProb> Content);

internal sealed record ChatLogProb(string Token, double Logprob, IReadOnlyList<int> Bytes)
{
    public IReadOnlyList<ChatLogProb>? TopLogprobs { get; init; }
}

internal sealed record TextCompletion(string Id, string Object, long Created, string Model, string SystemFingerprint, IReadOnlyList<TextChoice> Choices)
{
    public Usage? Usage { get; init; }
}

internal sealed record TextChoice(int Index, string Text)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public TextLogProbs? Logprobs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

/// <param name="Tokens">Each token's text.</param>
/// <param name="TokenLogprobs">Its log-probability; none of a prompt's first token.</param>
/// <param name="TopLogprobs">The most probable texts in its place.</param>
/// <param name="TextOffset">The characters before it.</param>
internal sealed record TextLogProbs(List<string> Tokens, List<double?> TokenLogprobs, List<Dictionary<string, double>?> TopLogprobs, List<int> TextOffset);

internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy, int MaxModelLen);

internal sealed record EmbeddingList(string Object, IReadOnlyList<EmbeddingEntry> Data, string Model, EmbeddingUsage Usage);

/// <param name="Object">Always "embedding".</param>
/// <param name="Index">Which input's.</param>
/// <param name="Embedding">An array of numbers, or their bytes in base64.</param>
internal sealed record EmbeddingEntry(string Object, int Index, JsonElement Embedding);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

internal sealed record TokenList(IReadOnlyList<int> Tokens, int Count, int MaxModelLen)
{
    public IReadOnlyList<string>? TokenStrs { get; init; }
}

internal sealed record Detokenized(string Prompt, string Content);

internal sealed record RenderedPrompt(string Prompt);

internal sealed record TokenizerInfo(string TokenizerClass, int VocabSize, string? BosToken, int? BosTokenId, string? EosToken, int? EosTokenId, string? UnkToken, string? PadToken, bool AddBosToken, string? ChatTemplate, int ModelMaxLength);

internal sealed record Health(string Status);

internal sealed record Props(string Model, string Fingerprint, string Version, int ContextLength, int VocabularySize, bool IsQuantized, string Kernels, int Threads, int Parallel, int Running, int Waiting, long StateBytesReserved, long StateBytesAllowed, int Prefixes, long PrefixBytes, bool CanChat);

internal sealed record SessionEntry(string Id, string Object, long Created, long LastUsed, int Messages, int Tokens, long StateBytes)
{
    /// <summary>Of the file, after it was saved.</summary>
    public long? SavedBytes { get; init; }
}

internal sealed record SessionList(string Object, IReadOnlyList<SessionEntry> Data);

internal sealed record Deleted(string Id, string Object, [property: JsonPropertyName("deleted")] bool IsDeleted);

/// <summary>Writes the objects without reflection.</summary>
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(TextCompletion))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(TokenList))]
[JsonSerializable(typeof(Detokenized))]
[JsonSerializable(typeof(RenderedPrompt))]
[JsonSerializable(typeof(TokenizerInfo))]
[JsonSerializable(typeof(SessionEntry))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(Deleted))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Props))]
internal sealed partial class ServerJson : JsonSerializerContext
{
    /// <summary>Text is written as it is, where JSON lets it: it goes to clients, not into pages.</summary>
    public static ServerJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
