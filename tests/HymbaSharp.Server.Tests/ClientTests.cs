using System.ClientModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace HymbaSharp.Server.Tests;

/// <summary>Clients that people use, unchanged, against the running server.</summary>
public sealed class ClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool("get_weather", "Get the weather in a city.", BinaryData.FromString("""{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}"""));

    private ChatClient Client => Open("hymba-demo");

    [Fact]
    public async Task OpenAI_chats()
    {
        ChatCompletion reply = await Client.CompleteChatAsync([ChatMessage.CreateUserMessage("What are you?")], new ChatCompletionOptions { Temperature = 0 }, TestContext.Current.CancellationToken);
        Assert.Contains("hymba-demo", reply.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, reply.FinishReason);
        Assert.Equal(reply.Usage.TotalTokenCount, reply.Usage.InputTokenCount + reply.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task OpenAI_streams()
    {
        ChatCompletionOptions options = new() { Temperature = 0 };
        ChatCompletion whole = await Client.CompleteChatAsync([ChatMessage.CreateUserMessage("What are you?")], options, TestContext.Current.CancellationToken);
        string text = "";
        ChatFinishReason? reason = null;
        int tokens = 0;
        await foreach (StreamingChatCompletionUpdate update in Client.CompleteChatStreamingAsync([ChatMessage.CreateUserMessage("What are you?")], options, TestContext.Current.CancellationToken))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            reason ??= update.FinishReason;
            tokens += update.Usage?.OutputTokenCount ?? 0;
        }
        Assert.Equal((whole.Content[0].Text, ChatFinishReason.Stop, whole.Usage.OutputTokenCount), (text, reason!.Value, tokens));
    }

    [Fact]
    public async Task OpenAI_calls_tools_and_answers_from_results()
    {
        List<ChatMessage> messages = [ChatMessage.CreateUserMessage("What is the weather in Kostenwick?")];
        ChatCompletionOptions options = new() { Temperature = 0, Tools = { Weather } };
        ChatCompletion called = await Client.CompleteChatAsync(messages, options, TestContext.Current.CancellationToken);
        Assert.Equal(ChatFinishReason.ToolCalls, called.FinishReason);
        ChatToolCall call = Assert.Single(called.ToolCalls);
        Assert.Equal("get_weather", call.FunctionName);
        Assert.Equal("Kostenwick", JsonElement.Parse(call.FunctionArguments.ToString()).GetProperty("city").GetString());
        messages.AddRange([ChatMessage.CreateAssistantMessage(called), ChatMessage.CreateToolMessage(call.Id, """{"weather": "ready"}""")]);
        ChatCompletion answer = await Client.CompleteChatAsync(messages, options, TestContext.Current.CancellationToken);
        Assert.Equal("The weather is ready.", answer.Content[0].Text);
    }

    [Fact]
    public async Task OpenAI_reads_log_probabilities()
    {
        ChatCompletion reply = await Client.CompleteChatAsync([ChatMessage.CreateUserMessage("What are you?")], new ChatCompletionOptions { Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 }, TestContext.Current.CancellationToken);
        Assert.Equal(reply.Usage.OutputTokenCount, reply.ContentTokenLogProbabilities.Count);
        Assert.All(reply.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
    }

    [Fact]
    public async Task OpenAI_hears_of_errors()
    {
        ClientResultException missing = await Assert.ThrowsAsync<ClientResultException>(() => Open("gpt-5").CompleteChatAsync([ChatMessage.CreateUserMessage("x")], cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(404, missing.Status);
        Assert.Contains("model_not_found", missing.Message, StringComparison.Ordinal);
        ClientResultException wrong = await Assert.ThrowsAsync<ClientResultException>(() => Client.CompleteChatAsync([ChatMessage.CreateUserMessage("x")], new ChatCompletionOptions { Temperature = -1 }, TestContext.Current.CancellationToken));
        Assert.Equal(400, wrong.Status);
    }

    [Fact]
    public async Task OpenAI_cancels()
    {
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in Client.CompleteChatStreamingAsync([ChatMessage.CreateUserMessage("What are you?")], new ChatCompletionOptions { Temperature = 1 }, source.Token))
                await source.CancelAsync();
        });
        await TestServer.UntilAsync(() => fixture.Server.Engine.Status.Running == 0);
    }

    [Fact]
    public async Task OpenAI_embeds_and_lists_models()
    {
        OpenAIClient client = new(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Address, "v1") });
        OpenAI.Embeddings.OpenAIEmbedding embedding = await client.GetEmbeddingClient("hymba-demo").GenerateEmbeddingAsync("The bees", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(fixture.Server.Model.Config.HiddenSize, embedding.ToFloats().Length);
        OpenAI.Models.OpenAIModelCollection models = await client.GetOpenAIModelClient().GetModelsAsync(TestContext.Current.CancellationToken);
        Assert.Equal("hymba-demo", Assert.Single(models).Id);
    }

    [Fact]
    public async Task Microsoft_Extensions_AI_calls_functions_by_itself()
    {
        AIFunction function = AIFunctionFactory.Create((string city) => new Dictionary<string, string> { ["weather"] = city == "Kostenwick" ? "ready" : "lost" }, "get_weather", "Get the weather in a city.");
        using IChatClient client = Client.AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        ChatResponse response = await client.GetResponseAsync("What is the weather in Kostenwick?", new ChatOptions { Temperature = 0, Tools = [function] }, TestContext.Current.CancellationToken);
        Assert.Contains("ready", response.Text, StringComparison.Ordinal);
        Assert.Contains(response.Messages, message => message.Contents.OfType<FunctionCallContent>().Any());
        string streamed = "";
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("What is the weather in Kostenwick?", new ChatOptions { Temperature = 0, Tools = [function] }, TestContext.Current.CancellationToken))
            streamed += update.Text;
        Assert.Equal(response.Text, streamed);
    }

    private ChatClient Open(string model) => new(model, new ApiKeyCredential("none"), new OpenAIClientOptions
    {
        Endpoint = new Uri(fixture.Server.Address, "v1"),
        RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0),
    });
}
