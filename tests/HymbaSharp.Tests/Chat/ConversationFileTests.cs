using System.Text;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.State;
using HymbaSharp.Tests.Generation;

namespace HymbaSharp.Tests.Chat;

public sealed class ConversationFileTests : IDisposable
{
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 12, LogProbabilities = 5 };

    private readonly TextModel _text = new(contextLength: 2048);
    private readonly Conversation _conversation;

    public ConversationFileTests() => _conversation = new Conversation(_text.Model);

    [Fact]
    public async Task A_conversation_loaded_goes_on_bit_for_bit()
    {
        _conversation.Options = new ConversationOptions { System = "hello", Tools = [Sample.Json("""{"name": "f", "deep": [1, {"x": null}]}""")], Contexts = ["ab", "ba"], NeutraliseMarkers = false };
        _ = await Reply(_conversation, "one");
        ChatMessage call = new("assistant", "called") { Fields = new Dictionary<string, JsonElement> { ["tool_calls"] = Sample.Json("""[{"name": "f"}]""") } };
        _ = await Generated.Of(_conversation.SendAsync([new ChatMessage("user", "two 🙂\u2028"), call, new ChatMessage("tool", "3")], Greedy, TestContext.Current.CancellationToken));
        _conversation.Save(_text.File("saved"));

        using Conversation loaded = new(_text.Model, new ConversationOptions { System = "other" });
        _ = await Reply(loaded, "something else");
        int steps = 0;
        _text.Model.Forward.Observer = (_, _) => steps++;
        loaded.Load(_text.File("saved"));
        Assert.Equal(0, steps);
        _text.Model.Forward.Observer = null;
        Assert.Equal(JsonSerializer.Serialize(_conversation.Options), JsonSerializer.Serialize(loaded.Options));
        Assert.Equal(JsonSerializer.Serialize(_conversation.Messages), JsonSerializer.Serialize(loaded.Messages));

        for (int turn = 0; turn < 3; turn++)
        {
            Generated expected = await Reply(_conversation, $"w{turn}"), actual = await Reply(loaded, $"w{turn}");
            Assert.Equal(expected.Tokens, actual.Tokens);
            Assert.Equal(expected.LogProbabilities.Select(token => token.Chosen), actual.LogProbabilities.Select(token => token.Chosen));
            Assert.Equal(expected.Statistics.CachedPromptTokens, actual.Statistics.CachedPromptTokens);
            Assert.True(actual.Statistics.CachedPromptTokens > 0);
        }
    }

    [Fact]
    public async Task A_conversation_without_a_reply_can_be_saved()
    {
        _conversation.Save(_text.File("saved"));
        using Conversation loaded = new(_text.Model, new ConversationOptions { System = "other" });
        loaded.Load(_text.File("saved"));
        Assert.Empty(loaded.Messages);
        Assert.Null(loaded.Options.System);
        Assert.Equal((await Reply(_conversation, "ab")).Tokens, (await Reply(loaded, "ab")).Tokens);
    }

    [Fact]
    public void Options_as_deep_as_JSON_is_read_can_be_saved()
    {
        _conversation.Options = new ConversationOptions { Tools = [Sample.Json(new string('[', 64) + new string(']', 64))] };
        _conversation.Save(_text.File("saved"));
        using Conversation loaded = new(_text.Model);
        loaded.Load(_text.File("saved"));
        Assert.Equal(_conversation.Options.Tools[0].GetRawText(), loaded.Options.Tools[0].GetRawText());
    }

    [Fact]
    public async Task A_file_that_is_no_conversation_leaves_this_one_as_it_was()
    {
        _ = await Reply(_conversation, "ab");
        ConversationOptions options = _conversation.Options;
        ChatMessage[] messages = [.. _conversation.Messages];
        Assert.Throws<SnapshotException>(() => _conversation.Load(_text.File("absent")));
        foreach (string attachment in (string[])[
            "", "no JSON", "null", "[]", "{}", """{"Options":null,"Messages":[]}""", """{"Options":{},"Messages":null}""", """{"Options":{}}""", """{"Messages":[]}""",
            """{"Options":{"Tools":null},"Messages":[]}""", """{"Options":{"Contexts":null},"Messages":[]}""", """{"Options":{"Contexts":[null]},"Messages":[]}""",
            """{"Options":{},"Messages":[null]}""", """{"Options":{},"Messages":[{"Role":null,"Content":"x"}]}""", """{"Options":{},"Messages":[{"Role":"user"}]}""",
            """{"Options":{},"Messages":[{"Role":"user","Content":5}]}""", new string('[', 100_000)])
        {
            Assert.Throws<SnapshotException>(() => Load(Encoding.UTF8.GetBytes(attachment)));
            Assert.Same(options, _conversation.Options);
            Assert.Equal(messages, _conversation.Messages);
        }
        Assert.True((await Reply(_conversation, "ab")).Statistics.CachedPromptTokens > 0);
    }

    [Fact]
    public async Task Damaged_messages_load_and_go_on_or_are_refused()
    {
        _conversation.Options = new ConversationOptions { System = "s", Tools = [Sample.Json("""{"name": "f"}""")], Contexts = ["c"] };
        ChatMessage message = new("user", "u") { Fields = new Dictionary<string, JsonElement> { ["name"] = Sample.Json("\"n\"") } };
        _ = await Generated.Of(_conversation.SendAsync([message], Greedy with { MaxTokens = 1 }, TestContext.Current.CancellationToken));
        _conversation.Save(_text.File("saved"));
        byte[] sound;
        using (HymbaSession session = _text.Model.RestoreSession(_text.File("saved")))
            sound = session.Attachment.ToArray();
        Random random = new(1);
        int refused = 0;
        for (int i = 0; i < 400; i++)
        {
            try
            {
                Load(Mutation.Of(sound, random));
                _ = await Reply(_conversation, "ab", Greedy with { MaxTokens = 0 });
            }
            catch (HymbaException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 399);
        _conversation.Load(_text.File("saved"));
        Assert.Equal(2, _conversation.Messages.Count);
    }

    public void Dispose()
    {
        _conversation.Dispose();
        _text.Dispose();
    }

    private static Task<Generated> Reply(Conversation conversation, string text, GenerationOptions? options = null) =>
        Generated.Of(conversation.SendAsync(text, options ?? Greedy, TestContext.Current.CancellationToken));

    private void Load(byte[] attachment)
    {
        using HymbaSession session = _text.Model.StartSession();
        session.Save(_text.File("session"), attachment);
        _conversation.Load(_text.File("session"));
    }
}
