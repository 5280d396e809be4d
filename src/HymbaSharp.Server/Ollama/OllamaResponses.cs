using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace HymbaSharp.Server.Ollama;

// The objects of Ollama's API (docs.ollama.com/api). Durations are nanoseconds.

internal sealed record OllamaError(string Error);

internal sealed record OllamaVersion(string Version);

internal sealed record OllamaReply(string Model, DateTimeOffset CreatedAt, bool Done)
{
    /// <summary>Of a chat.</summary>
    public OllamaMessage? Message { get; init; }

    /// <summary>Of a text.</summary>
    public string? Response { get; init; }

    public string? DoneReason { get; init; }

    public long? TotalDuration { get; init; }

    public long? LoadDuration { get; init; }

    public int? PromptEvalCount { get; init; }

    public long? PromptEvalDuration { get; init; }

    public int? EvalCount { get; init; }

    public long? EvalDuration { get; init; }
}

internal sealed record OllamaMessage(string Role, string Content)
{
    public IReadOnlyList<OllamaCall>? ToolCalls { get; init; }
}

internal sealed record OllamaCall(OllamaFunction Function);

internal sealed record OllamaFunction(int Index, string Name, JsonElement Arguments);

internal sealed record OllamaModels(IReadOnlyList<OllamaModel> Models);

internal sealed record OllamaModel(string Name, string Model, DateTimeOffset ModifiedAt, long Size, string Digest, OllamaDetails Details);

internal sealed record OllamaDetails(string Format, string Family, IReadOnlyList<string> Families, string ParameterSize, string QuantizationLevel);

internal sealed record OllamaDescription(string Template, OllamaDetails Details, Dictionary<string, JsonElement> ModelInfo, IReadOnlyList<string> Capabilities);

/// <summary>Writes the objects without reflection.</summary>
[JsonSerializable(typeof(OllamaError))]
[JsonSerializable(typeof(OllamaVersion))]
[JsonSerializable(typeof(OllamaReply))]
[JsonSerializable(typeof(OllamaModels))]
[JsonSerializable(typeof(OllamaDescription))]
internal sealed partial class OllamaJson : JsonSerializerContext
{
    public static OllamaJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
