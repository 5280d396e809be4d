using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Two replies to one prompt: two conversations, or plain texts that no template is put around.</summary>
internal abstract record PreferenceRecord
{
    /// <summary>The conversations differ in the last message only, which is the assistant's.</summary>
    public sealed record Conversations(ConversationRecord Chosen, ConversationRecord Rejected) : PreferenceRecord;

    /// <summary>Prompt and replies follow each other with nothing between.</summary>
    public sealed record Texts(string Prompt, string Chosen, string Rejected) : PreferenceRecord;
}

/// <summary>Reads <c>{"prompt", "chosen", "rejected"}</c> in the forms that TRL has: texts, messages, or messages that begin with the prompt.</summary>
internal static class PreferenceReader
{
    /// <exception cref="BadRecordException">It is none.</exception>
    public static PreferenceRecord Read(JsonRecord record)
    {
        JsonElement? prompt = record.Value("prompt");
        JsonElement chosen = record.Required("chosen"), rejected = record.Required("rejected");
        if (chosen.ValueKind != rejected.ValueKind)
            throw JsonRecord.Refuse(rejected, record.Path("rejected"), "the type of chosen");
        if (chosen.ValueKind == JsonValueKind.String && prompt is not { ValueKind: JsonValueKind.Array })
            return Texts(record, chosen, rejected);

        IReadOnlyList<JsonElement>? tools = ConversationReader.Tools(record);
        IReadOnlyList<string>? contexts = ConversationReader.Contexts(record);
        IReadOnlyList<MessageRecord> better = Reply(chosen, "chosen"), worse = Reply(rejected, "rejected");
        if (better[^1].Role != "assistant" || worse[^1].Role != "assistant")
            throw new BadRecordException(BadRecordException.RoleOrder, $"{(better[^1].Role != "assistant" ? "chosen" : "rejected")} doesn't end with the assistant's message");
        IReadOnlyList<MessageRecord> start = Prompt(record, prompt, better, worse);
        RoleOrder.Check(start, mustReply: false);
        return new PreferenceRecord.Conversations(Conversation(better), Conversation(worse));

        ConversationRecord Conversation(IReadOnlyList<MessageRecord> reply) => new([.. start, reply[^1] with { IsLearned = true }], tools, contexts);
    }

    private static PreferenceRecord.Texts Texts(JsonRecord record, JsonElement chosen, JsonElement rejected)
    {
        foreach (string key in (string[])["tools", "contexts"])
        {
            if (record.OptionalList(key) is not null)
                throw new BadRecordException(BadRecordException.WrongType, $"{record.Path(key)} needs a prompt of messages; this one is a text, which is used as it stands");
        }
        return new PreferenceRecord.Texts(
            ConversationReader.NotEmpty(record.RequiredText("prompt"), "prompt"),
            ConversationReader.NotEmpty(JsonRecord.Text(chosen, "chosen"), "chosen"),
            ConversationReader.NotEmpty(JsonRecord.Text(rejected, "rejected"), "rejected"));
    }

    /// <summary>Messages; a text is one of the assistant's.</summary>
    private static IReadOnlyList<MessageRecord> Reply(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String)
            return [new MessageRecord("assistant", ConversationReader.NotEmpty(JsonRecord.Text(value, path), path))];
        IReadOnlyList<MessageRecord> messages = ConversationReader.Messages(value, path);
        return messages.Count > 0 ? messages : throw new BadRecordException(BadRecordException.EmptyContent, $"{path} holds no message");
    }

    /// <summary>The messages before the reply.</summary>
    private static IReadOnlyList<MessageRecord> Prompt(JsonRecord record, JsonElement? prompt, IReadOnlyList<MessageRecord> better, IReadOnlyList<MessageRecord> worse)
    {
        if (prompt is { ValueKind: JsonValueKind.Array } list)
        {
            if (better.Count > 1 || worse.Count > 1)
                throw new BadRecordException(BadRecordException.PromptsDiffer, "there is a prompt, so chosen and rejected are one message each, the assistant's");
            return ConversationReader.Messages(list, record.Path("prompt"));
        }
        string? text = prompt is { } value ? ConversationReader.NotEmpty(JsonRecord.Text(value, record.Path("prompt")), record.Path("prompt")) : null;
        if (text is not null && better.Count == 1 && worse.Count == 1)
            return [new MessageRecord("user", text)];

        IReadOnlyList<MessageRecord> shared = [.. better.SkipLast(1)];
        if (!Same(shared, [.. worse.SkipLast(1)]))
            throw new BadRecordException(BadRecordException.PromptsDiffer, "chosen and rejected differ before their last message");
        if (shared.Count == 0)
            throw new BadRecordException(BadRecordException.KeyMissing, "prompt is missing, and chosen and rejected don't begin with one");
        // Some data sets have the prompt twice: as a text, and at the beginning of both lists.
        if (text is not null && !shared.Any(message => message.Role == "user" && message.Content.Trim() == text.Trim()))
            throw new BadRecordException(BadRecordException.PromptsDiffer, "prompt is not a user's message of chosen and rejected");
        return shared;
    }

    private static bool Same(IReadOnlyList<MessageRecord> left, IReadOnlyList<MessageRecord> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => Same(pair.First, pair.Second));

    private static bool Same(MessageRecord left, MessageRecord right) =>
        left.Role == right.Role && left.Content == right.Content
        && left.Calls.Count == right.Calls.Count
        && left.Calls.Zip(right.Calls).All(pair => pair.First.Id == pair.Second.Id && pair.First.Name == pair.Second.Name && JsonElement.DeepEquals(pair.First.Arguments, pair.Second.Arguments))
        && left.Fields.Count == right.Fields.Count
        && left.Fields.All(field => right.Fields.TryGetValue(field.Key, out JsonElement other) && JsonElement.DeepEquals(field.Value, other));
}
