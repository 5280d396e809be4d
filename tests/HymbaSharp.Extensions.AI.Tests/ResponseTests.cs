using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.Tests;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class ResponseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_response_has_text_usage_reason_and_names()
    {
        using SpeakingModel model = new("One", " two", " three");
        DateTimeOffset start = DateTimeOffset.UtcNow;
        ChatResponse response = await model.Client.GetResponseAsync("hello", model.Saying("One", " two", " three"), Token);
        Assert.Equal("One two three", response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("tiny", response.ModelId);
        Assert.StartsWith("resp_", response.ResponseId, StringComparison.Ordinal);
        Assert.StartsWith("msg_", response.Messages[0].MessageId, StringComparison.Ordinal);
        Assert.InRange(response.CreatedAt!.Value, start, DateTimeOffset.UtcNow);
        Assert.Null(response.ConversationId);
        Assert.Equal(FinishReason.EndOfText, Assert.IsType<GenerationUpdate>(response.RawRepresentation).FinishReason);
        UsageDetails usage = response.Usage!;
        Assert.Equal(4, usage.OutputTokenCount);
        Assert.True(usage.InputTokenCount > 10);
        Assert.Equal(usage.InputTokenCount + usage.OutputTokenCount, usage.TotalTokenCount);
        Assert.Equal(0, usage.CachedInputTokenCount);
        Assert.NotEqual(response.ResponseId, (await model.Client.GetResponseAsync("hello", model.Saying("One"), Token)).ResponseId);
    }

    [Fact]
    public async Task A_stream_has_the_text_as_it_becomes_final()
    {
        using SpeakingModel model = new("One", " two", " three");
        List<ChatResponseUpdate> updates = await model.Client.GetStreamingResponseAsync("hello", model.Saying("One", " two", " three"), Token).ToListAsync(Token);
        Assert.Equal(["One", " two", " three", ""], updates.Select(update => update.Text));
        Assert.All(updates, update => Assert.Equal((ChatRole.Assistant, "tiny"), (update.Role, update.ModelId)));
        _ = Assert.Single(updates.Select(update => (update.ResponseId, update.MessageId, update.CreatedAt)).Distinct());
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.FinishReason));
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
        Assert.Equal(4, Assert.IsType<UsageContent>(Assert.Single(updates[^1].Contents)).Details.OutputTokenCount);
    }

    [Fact]
    public async Task White_space_that_ends_the_turn_is_not_part_of_the_text()
    {
        using SpeakingModel model = new("One", " \n", "  two", "   ");
        string[] pieces = ["One", " \n", "  two", "   "];
        Assert.Equal("One \n  two", (await model.Client.GetResponseAsync("hello", model.Saying(pieces), Token)).Text);
        ChatOptions cut = model.Saying(pieces);
        cut.MaxOutputTokens = 4;
        Assert.Equal("One \n  two   ", (await model.Client.GetResponseAsync("hello", cut, Token)).Text);
    }

    [Fact]
    public async Task A_turn_that_begins_ends_the_text()
    {
        using SpeakingModel model = new("One", "\n<extra_", "id_1>", "User");
        ChatResponse response = await model.Client.GetResponseAsync("hello", model.Saying("One", "\n<extra_", "id_1>", "User"), Token);
        Assert.Equal(("One", ChatFinishReason.Stop), (response.Text, response.FinishReason));
    }

    [Fact]
    public async Task A_text_that_is_cut_says_so()
    {
        using SpeakingModel model = new("One", " two");
        ChatOptions options = model.SayingWithoutEnd("One", " two");
        options.MaxOutputTokens = 2;
        ChatResponse response = await model.Client.GetResponseAsync("hello", options, Token);
        Assert.Equal(("One two", ChatFinishReason.Length, 2L), (response.Text, response.FinishReason, response.Usage!.OutputTokenCount));
    }

    [Fact]
    public async Task Prompts_that_begin_alike_are_computed_once()
    {
        using SpeakingModel model = new("One");
        ChatResponse first = await model.Client.GetResponseAsync("hello hello hello", model.Saying("One"), Token);
        ChatResponse second = await model.Client.GetResponseAsync("hello hello hello", model.Saying("One"), Token);
        Assert.Equal(0, first.Usage!.CachedInputTokenCount);
        Assert.Equal(second.Usage!.InputTokenCount, second.Usage.CachedInputTokenCount);
    }

    [Fact]
    public async Task Cancelling_ends_a_response_and_its_place()
    {
        using SpeakingModel model = new("One");
        using CancellationTokenSource source = new();
        int updates = 0;
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in model.Client.GetStreamingResponseAsync("hello", model.SayingWithoutEnd("One"), source.Token))
            {
                updates++;
                await source.CancelAsync();
            }
        });
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(1, updates);
        Assert.Equal(0, await Running(model.Engine));
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.Client.GetResponseAsync("hello", model.Saying("One"), source.Token));
    }

    [Fact]
    public async Task A_stream_that_is_left_gives_up_its_place()
    {
        using SpeakingModel model = new("One");
        await foreach (ChatResponseUpdate update in model.Client.GetStreamingResponseAsync("hello", model.SayingWithoutEnd("One"), Token))
            break;
        Assert.Equal(0, await Running(model.Engine));
    }

    [Fact]
    public async Task An_engine_that_is_disposed_ends_its_responses()
    {
        using SpeakingModel model = new("One");
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (ChatResponseUpdate update in model.Client.GetStreamingResponseAsync("hello", model.SayingWithoutEnd("One"), Token))
                model.Engine.Dispose();
        });
    }

    [Fact]
    public async Task Requests_at_once_get_what_each_gets_alone()
    {
        using HymbaModel demo = HymbaModel.Load(Path.Combine(TestData.Repository, "models", "hymba-demo"), new HymbaModelOptions { UseCache = false, Threads = 1 });
        using HymbaEngine engine = new(demo);
        using HymbaChatClient client = new(engine);
        ChatOptions options = new() { Temperature = 0, MaxOutputTokens = 24 };
        string[] questions = [.. Enumerable.Range(0, 12).Select(i => $"What is {37 + (11 * i)} plus {5 + i}?")];
        List<string> alone = [];
        foreach (string question in questions)
            alone.Add((await client.GetResponseAsync(question, options, Token)).Text);
        ChatResponse[] together = await Task.WhenAll(questions.Select(question => client.GetResponseAsync(question, options, Token)));
        Assert.Equal(alone, together.Select(response => response.Text));
        Assert.Equal(questions.Length, alone.Distinct().Count());
    }

    [Fact]
    public void Services_are_the_client_its_engine_and_its_model()
    {
        using SpeakingModel model = new("One");
        IChatClient client = model.Client;
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Same(client, client.GetService<HymbaChatClient>());
        Assert.Same(model.Engine, client.GetService<HymbaEngine>());
        Assert.Same(model.Model, client.GetService<HymbaModel>());
        ChatClientMetadata metadata = client.GetService<ChatClientMetadata>()!;
        Assert.Equal(("hymba", "tiny"), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Null(client.GetService<string>());
        Assert.Null(client.GetService<HymbaModel>("key"));
    }

    [Fact]
    public void A_model_is_called_by_its_folder()
    {
        using SpeakingModel model = new("One");
        Assert.Equal(Path.GetFileName(model.Folder), new HymbaChatClient(model.Engine).ModelId);
    }

    [Fact]
    public void A_model_without_a_template_is_refused()
    {
        using SpeakingModel model = new(template: null, new HymbaEngineOptions());
        _ = Assert.Throws<HymbaSharp.Chat.ConversationException>(() => new HymbaChatClient(model.Engine));
    }

    private static async Task<int> Running(HymbaEngine engine)
    {
        for (int i = 0; i < 200 && engine.Status.Running > 0; i++)
            await Task.Delay(10, Token);
        return engine.Status.Running;
    }
}
