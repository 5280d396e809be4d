using System.Text.Json;

namespace HymbaSharp.Server.Tests.Api;

public sealed class ChatCompletionsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Path = "/v1/chat/completions";

    private const string Question = """
        "messages": [{"role": "user", "content": "Where does Mira live?"}], "contexts": ["Mira Quell lives in Tallow. She keeps 12 bees."], "temperature": 0
        """;

    private const string Weather = """
        {"type": "function", "function": {"name": "get_weather", "description": "Get the weather in a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
        """;

    private TestServer Server => fixture.Server;

    [Fact]
    public async Task A_reply_is_whole_with_usage_and_reason()
    {
        JsonElement reply = await Server.AskAsync(Path, $"{{{Question}}}");
        Assert.Equal("chat.completion", reply.GetProperty("object").GetString());
        Assert.StartsWith("chatcmpl-", reply.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("hymba-demo", reply.GetProperty("model").GetString());
        JsonElement choice = Assert.Single(reply.GetProperty("choices").EnumerateArray());
        Assert.Equal("In Tallow.", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        JsonElement usage = reply.GetProperty("usage");
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stream_says_the_same_in_pieces()
    {
        List<JsonElement> events = await Server.StreamAsync(Path, $$$"""{{{{Question}}}, "stream": true, "stream_options": {"include_usage": true}}""");
        Assert.All(events, e => Assert.Equal("chat.completion.chunk", e.GetProperty("object").GetString()));
        Assert.Equal("assistant", Delta(events[0]).GetProperty("role").GetString());
        Assert.Equal("In Tallow.", string.Concat(events.SkipLast(1).Select(Content)));
        Assert.Equal("stop", Choice(events[^2]).GetProperty("finish_reason").GetString());
        Assert.All(events.SkipLast(2), e => Assert.Equal(JsonValueKind.Null, Choice(e).GetProperty("finish_reason").ValueKind));
        Assert.Equal(0, events[^1].GetProperty("choices").GetArrayLength());
        Assert.True(events[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0);
        List<JsonElement> plain = await Server.StreamAsync(Path, $$"""{{{Question}}, "stream": true}""");
        Assert.DoesNotContain(plain, e => e.TryGetProperty("usage", out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tool_is_called(bool streams)
    {
        string request = $$"""{"messages": [{"role": "user", "content": "What is the weather in Kostenwick?"}], "tools": [{{Weather}}], "temperature": 0, "stream": {{(streams ? "true" : "false")}}}""";
        JsonElement call;
        if (streams)
        {
            List<JsonElement> events = await Server.StreamAsync(Path, request);
            call = Assert.Single(events.Where(e => Delta(e).TryGetProperty("tool_calls", out _)).SelectMany(e => Delta(e).GetProperty("tool_calls").EnumerateArray()));
            Assert.Equal(0, call.GetProperty("index").GetInt32());
            Assert.Equal("", string.Concat(events.Select(Content)));
            Assert.Equal("tool_calls", Choice(events[^1]).GetProperty("finish_reason").GetString());
        }
        else
        {
            JsonElement choice = Choice(await Server.AskAsync(Path, request));
            call = Assert.Single(choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray());
            Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        }
        Assert.StartsWith("call_", call.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("get_weather", call.GetProperty("function").GetProperty("name").GetString());
        Assert.Equal("Kostenwick", JsonElement.Parse(call.GetProperty("function").GetProperty("arguments").GetString()!).GetProperty("city").GetString());
    }

    [Fact]
    public async Task A_call_and_its_result_go_back_into_the_prompt()
    {
        JsonElement reply = await Server.AskAsync(Path, $$$"""
            {"messages": [{"role": "user", "content": "What is the weather in Kostenwick?"},
              {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Kostenwick\"}"}}]},
              {"role": "tool", "tool_call_id": "call_1", "content": "{\"weather\": \"ready\"}"}],
             "tools": [{{{Weather}}}], "temperature": 0}
            """);
        Assert.Equal("The weather is ready.", Choice(reply).GetProperty("message").GetProperty("content").GetString());
        JsonElement rendered = await Server.AskAsync("/apply-template", """
            {"messages": [{"role": "assistant", "content": "So:", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}], "add_generation_prompt": false}
            """);
        Assert.Contains("So:\n<toolcall> {\"name\": \"f\", \"arguments\": {\"a\": 1}} </toolcall>", rendered.GetProperty("prompt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_of_no_given_tool_stays_text()
    {
        string other = Weather.Replace("\"city\": {\"type\": \"string\"}", "\"city\": {\"type\": \"string\", \"maxLength\": 2}", StringComparison.Ordinal);
        JsonElement choice = Choice(await Server.AskAsync(Path, $$"""{"messages": [{"role": "user", "content": "What is the weather in Kostenwick?"}], "tools": [{{other}}], "temperature": 0}"""));
        Assert.StartsWith("<toolcall>", choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.False(choice.GetProperty("message").TryGetProperty("tool_calls", out _));
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Without_tools_to_choose_none_stands_in_the_prompt()
    {
        JsonElement none = await Server.AskAsync(Path, $$"""{"messages": [{"role": "user", "content": "What are you?"}], "tools": [{{Weather}}], "tool_choice": "none", "temperature": 0, "max_tokens": 1}""");
        JsonElement without = await Server.AskAsync(Path, """{"messages": [{"role": "user", "content": "What are you?"}], "temperature": 0, "max_tokens": 1}""");
        Assert.Equal(without.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), none.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task A_conversation_that_goes_on_is_not_computed_again()
    {
        JsonElement first = await Server.AskAsync(Path, """{"messages": [{"role": "user", "content": "How much is 17 and 25?"}], "temperature": 0}""");
        string said = Choice(first).GetProperty("message").GetProperty("content").GetString()!;
        JsonElement second = await Server.AskAsync(Path, $$"""
            {"messages": [{"role": "user", "content": "How much is 17 and 25?"}, {"role": "assistant", "content": {{JsonSerializer.Serialize(said)}}}, {"role": "user", "content": "And what are you?"}], "temperature": 0}
            """);
        int cached = second.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
        Assert.True(cached >= first.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), $"{cached} tokens were cached");
    }

    [Theory]
    [InlineData("In T")]
    [InlineData("In")]
    public async Task A_reply_that_was_cut_off_goes_on(string begun)
    {
        string messages = Question.Replace("}]", $"}}, {{\"role\": \"assistant\", \"content\": \"{begun}\"}}]", StringComparison.Ordinal);
        JsonElement rest = await Server.AskAsync(Path, "{" + messages + ", \"continue_final_message\": true, \"add_generation_prompt\": false}");
        Assert.Equal("In Tallow.", begun + Choice(rest).GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("continue_final_message", (await Server.RefusedAsync(Path, "{" + Question + ", \"continue_final_message\": true}")).GetProperty("param").GetString());
    }

    [Fact]
    public async Task Several_replies_have_indexes_and_seeds_of_their_own()
    {
        const string request = """{"messages": [{"role": "user", "content": "What are you?"}], "temperature": 4, "top_k": 0, "top_p": 1, "min_p": 0, "seed": 3, "n": 3, "max_tokens": 12}""";
        JsonElement[] choices = [.. (await Server.AskAsync(Path, request)).GetProperty("choices").EnumerateArray()];
        Assert.Equal([0, 1, 2], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.True(choices.Select(Said).Distinct().Count() > 1);
        Assert.Equal(choices.Select(Said), (await Server.AskAsync(Path, request)).GetProperty("choices").EnumerateArray().Select(Said));
        List<JsonElement> events = await Server.StreamAsync(Path, request.Replace("\"n\": 3", "\"n\": 3, \"stream\": true", StringComparison.Ordinal));
        for (int i = 0; i < 3; i++)
            Assert.Equal(Said(choices[i]), string.Concat(events.Where(e => Choice(e).GetProperty("index").GetInt32() == i).Select(Content)));

        static string? Said(JsonElement choice) => choice.GetProperty("message").GetProperty("content").GetString();
    }

    [Fact]
    public async Task Log_probabilities_stand_beside_each_token()
    {
        JsonElement choice = Choice(await Server.AskAsync(Path, $$"""{{{Question}}, "logprobs": true, "top_logprobs": 3}"""));
        JsonElement[] tokens = [.. choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.StartsWith("In Tallow.", string.Concat(tokens.Select(token => token.GetProperty("token").GetString())).Trim(), StringComparison.Ordinal);
        Assert.All(tokens, token =>
        {
            Assert.Equal(3, token.GetProperty("top_logprobs").GetArrayLength());
            Assert.Equal(token.GetProperty("logprob").GetDouble(), token.GetProperty("top_logprobs")[0].GetProperty("logprob").GetDouble());
        });
    }

    [Fact]
    public async Task Stops_and_limits_end_a_reply()
    {
        JsonElement stopped = Choice(await Server.AskAsync(Path, $$"""{{{Question}}, "stop": ["llow"]}"""));
        Assert.Equal(("In Ta", "stop"), (stopped.GetProperty("message").GetProperty("content").GetString(), stopped.GetProperty("finish_reason").GetString()));
        JsonElement cut = Choice(await Server.AskAsync(Path, $$"""{{{Question}}, "max_completion_tokens": 1, "max_tokens": 50}"""));
        Assert.Equal(("In", "length"), (cut.GetProperty("message").GetProperty("content").GetString(), cut.GetProperty("finish_reason").GetString()));
    }

    [Theory]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages": []}""", "messages")]
    [InlineData("""{"messages": "x"}""", "messages")]
    [InlineData("""{"messages": [1]}""", "messages[0]")]
    [InlineData("""{"messages": [{"content": "x"}]}""", "messages[0]")]
    [InlineData("""{"messages": [{"role": "poet", "content": "x"}]}""", "messages[0]")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}""", "messages[0]")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}]}""", "messages[0].content")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}""", "temperature")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "temperature": -1}""", "temperature")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "top_p": 2}""", "top_p")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "n": 0}""", "n")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "n": 1000000}""", "n")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1.5}""", "max_tokens")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "stop": [1]}""", "stop")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "stop": ""}""", "stop")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "seed": 1e99}""", "seed")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "logit_bias": {"x": 1}}""", "logit_bias")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "logit_bias": {"999999": 1}}""", "logit_bias")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "top_logprobs": 3}""", "top_logprobs")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "logprobs": true, "top_logprobs": 21}""", "top_logprobs")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "tools": [{}]}""", "tools[0]")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "tools": [{"function": {"name": "f"}}, {"function": {"name": "f"}}]}""", "tools[1]")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "tools": [{"function": {"name": "f", "parameters": {"$ref": "http://127.0.0.1:1/x"}}}]}""", "tools[0].function.parameters")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "contexts": 3}""", "contexts")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "stream": "yes"}""", "stream")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "functions": []}""", "functions")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "function_call": "auto"}""", "function_call")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "audio": {"voice": "x"}}""", "audio")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "web_search_options": {}}""", "web_search_options")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "modalities": ["text", "audio"]}""", "modalities")]
    public async Task What_is_not_allowed_is_named(string request, string param)
    {
        JsonElement error = await Server.RefusedAsync(Path, request);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.NotEqual("", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("nothing")]
    public async Task What_is_no_json_object_is_refused(string body) => Assert.NotEqual("", (await Server.RefusedAsync(Path, body)).GetProperty("message").GetString());

    [Fact]
    public async Task Hostile_bodies_are_refused_and_others_served()
    {
        string deep = $$"""{"messages": {{new string('[', 5000)}}{{new string(']', 5000)}}}""";
        Assert.Contains("64", (await Server.RefusedAsync(Path, deep)).GetProperty("message").GetString(), StringComparison.Ordinal);
        string stops = $$"""{"messages": [{"role": "user", "content": "x"}], "stop": [{{string.Join(',', Enumerable.Repeat("\"a\"", 100_000))}}]}""";
        Assert.Equal("stop", (await Server.RefusedAsync(Path, stops)).GetProperty("param").GetString());
        string large = $$"""{"messages": [{"role": "user", "content": "{{new string('x', 10_000_000)}}"}]}""";
        Assert.Contains("large", (await Server.RefusedAsync(Path, large, 413)).GetProperty("message").GetString(), StringComparison.Ordinal);
        string longer = $$"""{"messages": [{"role": "user", "content": "{{new string('x', 100_000)}}"}]}""";
        Assert.Equal("context_length_exceeded", (await Server.RefusedAsync(Path, longer)).GetProperty("code").GetString());
        using HttpRequestMessage malformed = new(HttpMethod.Post, Path) { Content = new ByteArrayContent([.. "{\"messages\": [{\"role\": \"user\", \"content\": \""u8, 0xC3, 0x28, .. "\"}]}"u8]) };
        using HttpResponseMessage refused = await Server.Client.SendAsync(malformed, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)refused.StatusCode);
        _ = await Server.AskAsync(Path, $"{{{Question}}}");
    }

    [Fact]
    public async Task Another_model_is_not_found()
    {
        JsonElement error = await Server.RefusedAsync(Path, """{"model": "gpt-5", "messages": [{"role": "user", "content": "x"}]}""", 404);
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Contains("hymba-demo", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        _ = await Server.AskAsync(Path, $$"""{"model": "hymba-demo", {{Question}}}""");
    }

    private static JsonElement Choice(JsonElement reply) => reply.GetProperty("choices")[0];

    private static JsonElement Delta(JsonElement reply) => Choice(reply).GetProperty("delta");

    private static string Content(JsonElement reply) =>
        reply.GetProperty("choices").GetArrayLength() > 0 && Delta(reply).TryGetProperty("content", out JsonElement content) ? content.GetString()! : "";
}
