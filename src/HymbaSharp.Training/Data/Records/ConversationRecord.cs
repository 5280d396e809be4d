using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>A conversation as a record tells it.</summary>
/// <param name="Messages">The messages, the system's first if there is one.</param>
/// <param name="Tools">The functions the model may call; null where there are none.</param>
/// <param name="Contexts">The passages it answers from; null where there are none.</param>
internal sealed record ConversationRecord(IReadOnlyList<MessageRecord> Messages, IReadOnlyList<JsonElement>? Tools, IReadOnlyList<string>? Contexts);

/// <summary>One message.</summary>
/// <param name="Role">system, user, assistant or tool.</param>
/// <param name="Content">The text; empty where an assistant only calls tools.</param>
internal sealed record MessageRecord(string Role, string Content)
{
    /// <summary>The calls that are written as such, not in the text.</summary>
    public IReadOnlyList<CallRecord> Calls { get; init; } = [];

    /// <summary>Whether an assistant's message is learned: it is unless its <c>weight</c> is 0.</summary>
    public bool IsLearned { get; init; } = true;

    /// <summary>Further members, for templates that read them.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fields { get; init; } = new Dictionary<string, JsonElement>();
}

/// <summary>A call of a tool.</summary>
/// <param name="Id">By which its result refers to it; null where it has none.</param>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">A JSON object.</param>
internal sealed record CallRecord(string? Id, string Name, JsonElement Arguments);
