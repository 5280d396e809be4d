using System.Security.Cryptography;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Generation.Constraints;
using HymbaSharp.Server.Api;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Server;

/// <summary>The model that is served: its engine, and what requests and replies need of it.</summary>
internal sealed class ServedModel(HymbaEngine engine, string name, ConversationOptions? baked = null)
{
    private readonly ChatPrompt? _prompt = engine.Model is { Tokenizer: not null, ChatTemplate: not null } ? new ChatPrompt(engine.Model) : null;

    private readonly Lazy<ConstraintCache> _constraints = new(() => new ConstraintCache(engine.Model));

    public HymbaEngine Engine => engine;

    /// <summary>The constraints that were asked for last.</summary>
    public ConstraintCache Constraints => _constraints.Value;

    public HymbaModel Model => engine.Model;

    /// <summary>The name by which clients know it.</summary>
    public string Name => name;

    /// <summary>What chats begin with that say nothing else.</summary>
    public ConversationOptions Baked { get; } = baked ?? new ConversationOptions();

    /// <summary>When serving began, seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Changes with whatever changes replies.</summary>
    public string Fingerprint { get; } = $"hymba-{engine.Model.Fingerprint:x32}"[..22];

    public bool CanChat => _prompt is not null;

    public ChatPrompt Prompt => _prompt ?? throw ApiException.Invalid("The model has no chat template: ask /v1/completions.", code: "no_chat_template");

    public Tokenizer Tokenizer => Model.Tokenizer ?? throw ApiException.Invalid("The model has no tokenizer: give token ids to /v1/completions.", code: "no_tokenizer");

    /// <summary>Refuses a request for another model.</summary>
    public void CheckName(RequestFields fields)
    {
        if (fields.Text("model") is { Length: > 0 } asked && asked != name)
            throw new ApiException(404, "invalid_request_error", $"There is no model '{asked}' here; '{name}' is served.", "model", "model_not_found");
    }

    /// <summary>An id that nobody can guess.</summary>
    public static string NewId(string kind) => $"{kind}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}";

    /// <summary>The text of a token by itself. A part of a character is written as OpenAI does: bytes:\xe2.</summary>
    public (string Text, IReadOnlyList<int> Bytes) TokenText(int id)
    {
        if (Model.Tokenizer is not { } tokenizer || id >= tokenizer.VocabularySize)
            return ($"{id}", []);
        ReadOnlySpan<byte> bytes = tokenizer.Bytes(id);
        string text = tokenizer.Decode([id], continuesText: true);
        if (text.Contains('\uFFFD', StringComparison.Ordinal))
            text = $"bytes:{string.Concat(bytes.ToArray().Select(b => $"\\x{b:x2}"))}";
        return (text, [.. bytes.ToArray().Select(b => (int)b)]);
    }
}
