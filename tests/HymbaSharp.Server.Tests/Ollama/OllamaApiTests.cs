using System.Text.Json;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;

namespace HymbaSharp.Server.Tests.Ollama;

public sealed class OllamaApiTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private TestServer Server => fixture.Server;

    [Fact]
    public async Task A_client_lists_shows_and_chats()
    {
        using OllamaApiClient client = new(Server.Address, "hymba-demo");
        Assert.Equal("hymba-demo", Assert.Single(await client.ListLocalModelsAsync(TestContext.Current.CancellationToken)).Name);
        Assert.False(string.IsNullOrEmpty(await client.GetVersionAsync(TestContext.Current.CancellationToken)));
        ShowModelResponse shown = await client.ShowModelAsync("hymba-demo", TestContext.Current.CancellationToken);
        Assert.Contains("tools", shown.Capabilities!);
        string text = "";
        ChatDoneResponseStream? done = null;
        await foreach (ChatResponseStream? part in client.ChatAsync(new ChatRequest
        {
            Model = "hymba-demo:latest",
            Messages = [new Message(ChatRole.User, "What are you?")],
            Options = new RequestOptions { Temperature = 0 },
        }, TestContext.Current.CancellationToken))
        {
            text += part!.Message.Content;
            done = part as ChatDoneResponseStream ?? done;
        }
        Assert.Contains("hymba-demo", text, StringComparison.Ordinal);
        Assert.Equal("stop", done!.DoneReason);
        Assert.True(done.EvalCount > 0);
    }

    [Fact]
    public async Task Whole_and_streamed_replies_say_the_same()
    {
        const string request = """{"model": "hymba-demo", "messages": [{"role": "user", "content": "What are you?"}], "options": {"temperature": 0}, "stream": false}""";
        JsonElement whole = await Server.AskAsync("/api/chat", request);
        JsonElement[] lines = await Lines("/api/chat", request.Replace("false", "true", StringComparison.Ordinal));
        Assert.Equal(Said(whole), string.Concat(lines.Select(Said)));
        Assert.All(lines[..^1], line => Assert.False(line.GetProperty("done").GetBoolean()));
        Assert.True(lines[^1].GetProperty("done").GetBoolean());
        Assert.Equal(whole.GetProperty("eval_count").GetInt32(), lines[^1].GetProperty("eval_count").GetInt32());

        static string Said(JsonElement line) => line.GetProperty("message").GetProperty("content").GetString()!;
    }

    [Fact]
    public async Task Tools_are_called()
    {
        JsonElement reply = await Server.AskAsync("/api/chat", """
            {"model": "hymba-demo", "messages": [{"role": "user", "content": "What is the weather in Kostenwick?"}], "options": {"temperature": 0}, "stream": false,
             "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Get the weather in a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]}
            """);
        JsonElement function = reply.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal(("get_weather", "Kostenwick"), (function.GetProperty("name").GetString(), function.GetProperty("arguments").GetProperty("city").GetString()));
    }

    [Fact]
    public async Task Texts_are_answered_or_gone_on_with()
    {
        JsonElement answered = await Server.AskAsync("/api/generate", """{"model": "hymba-demo", "prompt": "What are you?", "options": {"temperature": 0}, "stream": false}""");
        Assert.Contains("hymba-demo", answered.GetProperty("response").GetString(), StringComparison.Ordinal);
        JsonElement raw = await Server.AskAsync("/api/generate", """{"model": "hymba-demo", "prompt": "Mira lives", "raw": true, "options": {"temperature": 0, "num_predict": 2}, "stream": false}""");
        Assert.Equal((2, "length"), (raw.GetProperty("eval_count").GetInt32(), raw.GetProperty("done_reason").GetString()));
        JsonElement[] lines = await Lines("/api/generate", """{"model": "hymba-demo", "prompt": "What are you?", "options": {"temperature": 0}}""");
        Assert.Equal(answered.GetProperty("response").GetString()!.Trim(), string.Concat(lines.Select(line => line.GetProperty("response").GetString())).Trim());
    }

    [Theory]
    [InlineData("/api/chat", """{"messages": [{"role": "user", "content": "x"}]}""", 400, "model")]
    [InlineData("/api/chat", """{"model": "llama", "messages": [{"role": "user", "content": "x"}]}""", 404, "not found")]
    [InlineData("/api/chat", """{"model": "hymba-demo", "messages": [{"role": "user", "content": "x"}], "options": {"top_p": 3}}""", 400, "TopP is 3")]
    [InlineData("/api/generate", """{"model": "hymba-demo", "prompt": "x", "suffix": "y"}""", 400, "suffix")]
    [InlineData("/api/show", """{"model": "llama"}""", 404, "llama")]
    [InlineData("/api/nothing", """{}""", 404, "/api/nothing")]
    public async Task Errors_are_told_as_ollama_does(string path, string request, int status, string said)
    {
        using HttpResponseMessage response = await Server.PostAsync(path, request);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(said, JsonElement.Parse(text).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private async Task<JsonElement[]> Lines(string path, string request)
    {
        using HttpResponseMessage response = await Server.PostAsync(path, request);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        return [.. (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }
}
