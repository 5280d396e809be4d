using System.Text.Json.Serialization;
using HymbaSharp.Chat;

namespace HymbaSharp.Server.Sessions;

/// <summary>A conversation that the server keeps: what has been said, and the state at its end. Whoever changes it holds <see cref="Turn"/>.</summary>
internal sealed class ServerSession(string id, string owner, ConversationOptions options) : IDisposable
{
    public string Id => id;

    /// <summary>The hash of the key that made it; empty without keys.</summary>
    public string Owner => owner;

    public ConversationOptions Options => options;

    public DateTimeOffset Created { get; init; } = DateTimeOffset.UtcNow;

    public DateTimeOffset LastUsed { get; set; } = DateTimeOffset.UtcNow;

    public List<ChatMessage> Messages { get; init; } = [];

    /// <summary>What the messages left behind; null where it is not known.</summary>
    public HymbaSession? State { get; set; }

    /// <summary>One request at a time.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Takes another state in place of the one there was.</summary>
    public void Replace(HymbaSession? state)
    {
        State?.Dispose();
        State = state;
    }

    public void Dispose() => State?.Dispose();
}

/// <summary>A session in a file beside its state; a superset of what a saved conversation is, so that 'hymba chat' opens it too.</summary>
internal sealed record SavedSession(string Id, string Owner, DateTimeOffset Created, ConversationOptions Options, ChatMessage[] Messages);

/// <summary>Writes and reads it without reflection.</summary>
[JsonSourceGenerationOptions(MaxDepth = 256, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedSession))]
internal sealed partial class SessionJson : JsonSerializerContext;
