namespace HymbaSharp.Chat;

/// <summary>A model that can't hold a conversation.</summary>
public sealed class ConversationException : HymbaException
{
    internal ConversationException(string message) : base(message)
    {
    }
}
