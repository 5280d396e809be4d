using HymbaSharp.Chat;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Who may speak after whom: the system first if at all, then user and assistant in turn; an assistant that calls tools is answered by them and speaks again.</summary>
internal static class RoleOrder
{
    /// <param name="messages">Messages, each sound by itself.</param>
    /// <param name="mustReply">Whether the last one has to be the assistant's, or else has to leave the turn to it.</param>
    /// <exception cref="BadRecordException">The order is another.</exception>
    public static void Check(IReadOnlyList<MessageRecord> messages, bool mustReply)
    {
        string? previous = null;
        HashSet<string>? open = null; // ids of the calls that a result may answer; null where none was made
        foreach ((int i, MessageRecord message) in messages.Index())
        {
            switch (message.Role)
            {
                case "system" when previous is not null:
                    throw Refuse(messages.Take(i).Any(before => before.Role == "system")
                        ? $"message {i + 1} is a second system message; one is allowed, the first"
                        : $"message {i + 1} is the system's; it is allowed only as the first");
                case "user" when previous is "user" or "tool":
                    throw Refuse($"message {i + 1} is the user's after {Name(previous)}; needed: the assistant's");
                case "assistant" when previous is not ("user" or "tool"):
                    throw Refuse($"message {i + 1} is the assistant's {(previous is null ? "and the first" : $"after {Name(previous)}")}; needed before it: the user's or a tool's");
                case "tool" when open is null:
                    throw Refuse($"message {i + 1} is a tool's result without a call: the assistant called none before it");
                case "tool" when message.Fields.TryGetValue("tool_call_id", out var answered):
                    string id = JsonRecord.Text(answered, $"message {i + 1}, tool_call_id");
                    if (open.Count > 0 && !open.Contains(id))
                        throw Refuse($"message {i + 1} answers the call \"{id}\"; the assistant's calls are {string.Join(", ", open.Select(call => $"\"{call}\""))}");
                    break;
            }
            if (message.Role != "tool")
                open = message.Role == "assistant" && Calls(message) ? [.. message.Calls.Select(call => call.Id).OfType<string>()] : null;
            previous = message.Role;
        }
        if (mustReply && previous != "assistant")
            throw Refuse(previous is null ? "there is no message" : $"the last message is {Name(previous)}; needed: the assistant's, which is learned");
        if (!mustReply && previous is not ("user" or "tool"))
            throw Refuse($"the prompt ends with {(previous is null ? "no message" : Name(previous))}; needed: the user's or a tool's message");
    }

    private static bool Calls(MessageRecord message) => message.Calls.Count > 0 || ToolCallReader.Read(message.Content).Calls.Count > 0;

    private static string Name(string role) => role switch
    {
        "tool" => "a tool's",
        _ => $"the {role}'s",
    };

    private static BadRecordException Refuse(string detail) => new(BadRecordException.RoleOrder, detail);
}
