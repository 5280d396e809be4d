using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Tests;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class ConversationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_conversation_goes_on_from_what_was_said()
    {
        using HymbaModel demo = HymbaModel.Load(Path.Combine(TestData.Repository, "models", "hymba-demo"), new HymbaModelOptions { UseCache = false, Threads = 1 });
        using HymbaEngine engine = new(demo);
        using HymbaChatClient client = new(engine);
        string id = client.CreateConversation();
        ChatOptions options = new() { ConversationId = id, Temperature = 0, MaxOutputTokens = 24 };
        ChatResponse first = await client.GetResponseAsync("What is 12 plus 7?", options, Token);
        ChatResponse second = await client.GetResponseAsync("What is 30 plus 4?", options, Token);
        Assert.Equal((id, id), (first.ConversationId, second.ConversationId));

        // The whole said at once gives the same, by an engine that has nothing kept.
        using HymbaEngine other = new(demo);
        using HymbaChatClient stateless = new(other);
        ChatResponse whole = await stateless.GetResponseAsync(
            [new(ChatRole.User, "What is 12 plus 7?"), new(ChatRole.Assistant, first.Text), new(ChatRole.User, "What is 30 plus 4?")], new ChatOptions { Temperature = 0, MaxOutputTokens = 24 }, Token);
        Assert.Equal((whole.Text, whole.Usage!.InputTokenCount), (second.Text, second.Usage!.InputTokenCount));
        Assert.Null(whole.ConversationId);

        // Prompt and reply were computed; the last token of the reply has not passed.
        Assert.InRange(second.Usage.CachedInputTokenCount!.Value, first.Usage!.TotalTokenCount!.Value - 1, second.Usage.InputTokenCount!.Value - 1);
    }

    [Fact]
    public async Task Every_update_names_the_conversation()
    {
        using SpeakingModel model = new("One", " two");
        ChatOptions options = model.Saying("One", " two");
        options.ConversationId = model.Client.CreateConversation();
        Assert.All(await model.Client.GetStreamingResponseAsync("hello", options, Token).ToListAsync(Token), update => Assert.Equal(options.ConversationId, update.ConversationId));
    }

    [Fact]
    public async Task Conversations_are_apart_and_cannot_be_guessed()
    {
        using SpeakingModel model = new("One");
        string first = model.Client.CreateConversation(), second = model.Client.CreateConversation();
        Assert.Matches("^conv_[0-9a-f]{32}$", first);
        Assert.NotEqual(first, second);
        long? alone = await Tokens(model, first);
        Assert.True(await Tokens(model, first) > alone);
        Assert.Equal(alone, await Tokens(model, second));
    }

    [Fact]
    public async Task An_id_that_is_not_there_is_refused()
    {
        using SpeakingModel model = new("One");
        string id = model.Client.CreateConversation();
        _ = await Tokens(model, id);
        Assert.True(model.Client.RemoveConversation(id));
        Assert.False(model.Client.RemoveConversation(id));
        foreach (string unknown in (string[])[id, "", "conv_1"])
            Assert.Contains("no conversation", (await Assert.ThrowsAsync<HymbaRequestException>(() => Tokens(model, unknown))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_beside_another_of_the_conversation_is_refused()
    {
        using SpeakingModel model = new("One");
        ChatOptions options = model.SayingWithoutEnd("One");
        options.ConversationId = model.Client.CreateConversation();
        await using (IAsyncEnumerator<ChatResponseUpdate> running = model.Client.GetStreamingResponseAsync("hello", options, Token).GetAsyncEnumerator(Token))
        {
            Assert.True(await running.MoveNextAsync());
            Assert.Contains("under way", (await Assert.ThrowsAsync<HymbaRequestException>(() => Tokens(model, options.ConversationId))).Message, StringComparison.Ordinal);
        }
        _ = await Tokens(model, options.ConversationId);
    }

    [Fact]
    public async Task What_has_no_end_changes_nothing()
    {
        using SpeakingModel model = new("One");
        string id = model.Client.CreateConversation(), other = model.Client.CreateConversation();
        ChatOptions endless = model.SayingWithoutEnd("One");
        endless.ConversationId = id;
        await foreach (ChatResponseUpdate update in model.Client.GetStreamingResponseAsync("hello", endless, Token))
            break;
        using CancellationTokenSource source = new();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in model.Client.GetStreamingResponseAsync("hello", endless, source.Token))
                await source.CancelAsync();
        });
        _ = await Assert.ThrowsAsync<HymbaRequestException>(() => model.Client.GetResponseAsync(new ChatMessage(ChatRole.User, [new DataContent(new byte[1], "image/png")]), endless, Token));
        _ = await Assert.ThrowsAsync<State.ContextLengthException>(() => model.Client.GetResponseAsync(string.Concat(Enumerable.Repeat("😀", 500)), endless, Token));
        Assert.Equal(await Tokens(model, other), await Tokens(model, id));
    }

    [Fact]
    public async Task A_reply_is_kept_with_its_calls_as_it_was_written()
    {
        const string call = "<toolcall>  {\"name\": \"weather\"}  </toolcall>";
        using SpeakingModel model = new(SpeakingModel.Template + "{% if messages|length > 2 %}{{ raise_exception(messages|tojson) }}{% endif %}", new HymbaEngineOptions(), "Wait.", " " + call, "!");
        ChatOptions options = model.Saying("Wait.", " " + call, "!");
        options.ConversationId = model.Client.CreateConversation();
        options.Tools = [AIFunctionFactory.Create(() => "mild", "weather")];
        options.AllowMultipleToolCalls = false;
        ChatResponse first = await model.Client.GetResponseAsync("hello", options, Token);
        FunctionCallContent made = Assert.Single(first.Messages[0].Contents.OfType<FunctionCallContent>());
        ChatTemplateException error = await Assert.ThrowsAsync<ChatTemplateException>(
            () => model.Client.GetResponseAsync(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(made.CallId, "mild")]), options, Token));
        Assert.Equal($"user: hello|assistant: Wait. {call}|tool: mild", string.Join('|', System.Text.Json.JsonElement.Parse(error.Reason).EnumerateArray()
            .Select(message => $"{message.GetProperty("role").GetString()}: {message.GetProperty("content").GetString()}")));
    }

    [Fact]
    public async Task Disposing_forgets_conversations()
    {
        using SpeakingModel model = new("One");
        string id = model.Client.CreateConversation();
        model.Client.Dispose();
        _ = await Assert.ThrowsAsync<HymbaRequestException>(() => Tokens(model, id));
    }

    /// <summary>Says hello; how long the prompt was.</summary>
    private static async Task<long?> Tokens(SpeakingModel model, string id)
    {
        ChatOptions options = model.Saying("One");
        options.ConversationId = id;
        return (await model.Client.GetResponseAsync("hello", options, Token)).Usage!.InputTokenCount;
    }
}
