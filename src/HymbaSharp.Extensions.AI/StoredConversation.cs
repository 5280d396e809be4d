using ChatMessage = HymbaSharp.Chat.ChatMessage;

namespace HymbaSharp.Extensions.AI;

/// <summary>What was said under one id. One request at a time uses it.</summary>
internal sealed class StoredConversation : IDisposable
{
    private readonly List<ChatMessage> _messages = [];
    private int _inUse;

    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Takes it for a request, which gives it back by <see cref="Dispose"/>.</summary>
    /// <exception cref="HymbaRequestException">Another request has it.</exception>
    public StoredConversation Take() => Interlocked.Exchange(ref _inUse, 1) == 0
        ? this
        : throw new HymbaRequestException("Another request of this conversation is under way; wait for its end before the next.");

    public void Add(IEnumerable<ChatMessage> messages) => _messages.AddRange(messages);

    public void Dispose() => Volatile.Write(ref _inUse, 0);
}
