using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or another role the template knows.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>
    /// Further members of the message, as templates of some families read them: <c>tool_calls</c>, <c>name</c>, <c>tool_call_id</c>.
    /// A member <c>content</c> stands in for <see cref="Content"/> (none, or a list of parts); <c>role</c> is refused. Null: none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? Fields { get; init; }
}
