using System.Diagnostics;
using HymbaSharp.Batching;
using HymbaSharp.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace HymbaSharp.Extensions.AI.Tests;

/// <summary>The client under what Microsoft.Extensions.AI puts around clients.</summary>
public sealed class PipelineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_real_model_calls_a_function_and_answers_from_its_result(bool streams, bool remembers)
    {
        using HymbaModel model = HymbaModel.Load(Path.Combine(TestData.Repository, "models", "hymba-demo"), new HymbaModelOptions { UseCache = false, Threads = 1 });
        using HymbaEngine engine = new(model);
        using HymbaChatClient hymba = new(engine);
        using IChatClient client = hymba.AsBuilder().UseFunctionInvocation().Build();
        List<string> invoked = [];
        AIFunction weather = AIFunctionFactory.Create((string city, string day) =>
        {
            invoked.Add($"{city} on {day}");
            return new Dictionary<string, object> { ["weather"] = "stormy" };
        }, "get_weather", "Get the weather in a city.");
        AIFunction table = AIFunctionFactory.Create((int guests, string day) => invoked.Add("table"), "book_table", "Book a table.");
        ChatOptions options = new() { Temperature = 0, MaxOutputTokens = 64, Tools = [weather, table], ConversationId = remembers ? hymba.CreateConversation() : null };
        ChatResponse response = streams
            ? await client.GetStreamingResponseAsync("Get the weather in Kostenwick on Friday.", options, Token).ToChatResponseAsync(Token)
            : await client.GetResponseAsync("Get the weather in Kostenwick on Friday.", options, Token);
        Assert.Equal(["Kostenwick on Friday"], invoked);
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(message => message.Role));
        Assert.Contains("stormy", response.Messages[^1].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.True(response.Usage!.CachedInputTokenCount > 0);
    }

    [Fact]
    public async Task Telemetry_has_what_a_request_asked_for_and_used()
    {
        const string source = nameof(Telemetry_has_what_a_request_asked_for_and_used);
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = candidate => candidate.Name == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using SpeakingModel model = new("One");
        using IChatClient client = model.Client.AsBuilder().UseOpenTelemetry(sourceName: source).Build();
        ChatOptions options = model.Saying("One");
        options.TopP = 0.5f;
        ChatResponse whole = await client.GetResponseAsync("hello", options, Token);
        ChatResponse streamed = await client.GetStreamingResponseAsync("hello", options, Token).ToChatResponseAsync(Token);
        Assert.Equal("One", streamed.Text);
        Assert.Equal(2, activities.Count);
        foreach ((Activity activity, ChatResponse response) in activities.Zip([whole, streamed]))
        {
            Assert.Equal("hymba", activity.GetTagItem("gen_ai.provider.name"));
            Assert.Equal("tiny", activity.GetTagItem("gen_ai.response.model"));
            Assert.Equal(response.ResponseId, activity.GetTagItem("gen_ai.response.id"));
            Assert.Equal(0.5, Convert.ToDouble(activity.GetTagItem("gen_ai.request.top_p")), 3);
            Assert.Equal(response.Usage!.InputTokenCount, Convert.ToInt64(activity.GetTagItem("gen_ai.usage.input_tokens")));
            Assert.Equal(2, Convert.ToInt64(activity.GetTagItem("gen_ai.usage.output_tokens")));
        }
    }

    [Fact]
    public async Task A_cache_gives_a_response_again()
    {
        using SpeakingModel model = new("One", " two", " <toolcall> {\"name\": \"now\", \"arguments\": {\"zone\": 1}} </toolcall>");
        using IChatClient client = model.Client.AsBuilder().UseDistributedCache(new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()))).Build();
        ChatOptions options = model.Saying("One", " two", " <toolcall> {\"name\": \"now\", \"arguments\": {\"zone\": 1}} </toolcall>");
        options.Tools = [AIFunctionFactory.Create(() => 1, "now")];
        ChatResponse first = await client.GetResponseAsync("hello", options, Token);
        ChatResponse again = await client.GetResponseAsync("hello", options, Token);
        ChatResponse other = await client.GetResponseAsync("hello hello", options, Token);
        Assert.Equal(first.ResponseId, again.ResponseId);
        Assert.NotEqual(first.ResponseId, other.ResponseId);
        Assert.Equal((first.Text, first.FinishReason, first.Usage!.TotalTokenCount), (again.Text, again.FinishReason, again.Usage!.TotalTokenCount));
        FunctionCallContent call = Assert.Single(again.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Equal(("now", "1"), (call.Name, call.Arguments!["zone"]!.ToString()));

        ChatResponse streamed = await client.GetStreamingResponseAsync("hello", options, Token).ToChatResponseAsync(Token);
        Assert.Equal(streamed.ResponseId, (await client.GetStreamingResponseAsync("hello", options, Token).ToChatResponseAsync(Token)).ResponseId);
        Assert.Equal("One two", streamed.Text);
    }

    [Fact]
    public async Task A_conversation_is_not_cached()
    {
        using SpeakingModel model = new("One");
        using IChatClient client = model.Client.AsBuilder().UseDistributedCache(new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()))).Build();
        ChatOptions options = model.Saying("One");
        options.ConversationId = model.Client.CreateConversation();
        ChatResponse first = await client.GetResponseAsync("hello", options, Token);
        Assert.True((await client.GetResponseAsync("hello", options, Token)).Usage!.InputTokenCount > first.Usage!.InputTokenCount);
    }
}
