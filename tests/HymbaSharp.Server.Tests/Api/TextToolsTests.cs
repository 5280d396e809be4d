using System.Text.Json;

namespace HymbaSharp.Server.Tests.Api;

public sealed class TextToolsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private TestServer Server => fixture.Server;

    [Fact]
    public async Task Text_becomes_tokens_and_back()
    {
        JsonElement tokens = await Server.AskAsync("/tokenize", """{"content": "Mira lives in Tallow.", "with_pieces": true}""");
        int[] ids = [.. tokens.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
        Assert.Equal(Server.Model.Tokenizer!.Encode("Mira lives in Tallow."), ids);
        Assert.Equal((ids.Length, ids.Length), (tokens.GetProperty("count").GetInt32(), tokens.GetProperty("token_strs").GetArrayLength()));
        JsonElement prompt = await Server.AskAsync("/tokenize", """{"prompt": "Mira lives in Tallow.", "add_special_tokens": true}""");
        Assert.Equal(ids.Length + 1, prompt.GetProperty("count").GetInt32());
        JsonElement text = await Server.AskAsync("/detokenize", $$"""{"tokens": [{{string.Join(',', ids)}}]}""");
        Assert.Equal("Mira lives in Tallow.", text.GetProperty("prompt").GetString());
        _ = await Server.RefusedAsync("/detokenize", """{"tokens": [99999]}""");
        _ = await Server.RefusedAsync("/tokenize", """{}""");
    }

    [Fact]
    public async Task A_chat_becomes_the_prompt_that_is_answered()
    {
        const string messages = """{"messages": [{"role": "user", "content": "What are you?"}]}""";
        string prompt = (await Server.AskAsync("/apply-template", messages)).GetProperty("prompt").GetString()!;
        Assert.EndsWith("Assistant\n", prompt, StringComparison.Ordinal);
        int count = (await Server.AskAsync("/tokenize", messages)).GetProperty("count").GetInt32();
        JsonElement reply = await Server.AskAsync("/v1/chat/completions", messages.Replace("}]}", "}], \"max_tokens\": 1}", StringComparison.Ordinal));
        Assert.Equal(count, reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Tools_stand_in_the_prompt_in_one_order_whatever_the_clients()
    {
        const string Schema = """{"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}}""";
        string expected = await PromptAsync($$"""{"type": "function", "function": {"name": "get_tide", "description": "Get the tide.", "parameters": {{Schema}}, "strict": false} }""");
        string other = await PromptAsync($$"""{"function": {"strict": false, "parameters": {{Schema}}, "name": "get_tide", "description": "Get the tide."}, "type": "function"}""");
        Assert.Contains("\"b\"", expected, StringComparison.Ordinal);
        Assert.Equal(expected, other);

        async Task<string> PromptAsync(string tool) =>
            (await Server.AskAsync("/apply-template", $$"""{"messages": [{"role": "user", "content": "Get the tide."}], "tools": [{{tool}}]}""")).GetProperty("prompt").GetString()!;
    }

    [Theory]
    [InlineData("{\\r\\n  \\\"weather\\\": \\\"ready\\\",\\n  \\\"wind\\\": [1.50, null]\\n}", "{\"weather\": \"ready\", \"wind\": [1.50, null]}")]
    [InlineData("{\\\"weather\\\":\\\"ready\\\"}", "{\"weather\":\"ready\"}")]
    [InlineData("{first\\nsecond}", "{first\nsecond}")]
    [InlineData("[\\n\\\"\\\\ud800\\\"]", "[\n\"\\ud800\"]")]
    public async Task A_result_in_indented_JSON_stands_in_the_prompt_on_one_line(string content, string expected)
    {
        JsonElement reply = await Server.AskAsync("/apply-template", $$"""{"messages": [{"role": "user", "content": "x"}, {"role": "tool", "content": "{{content}}"}]}""");
        Assert.Contains(expected, reply.GetProperty("prompt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tokenizer_is_described()
    {
        JsonElement info = JsonElement.Parse(await Server.Client.GetStringAsync("/tokenizer_info", TestContext.Current.CancellationToken));
        Assert.Equal("</s>", info.GetProperty("eos_token").GetString());
        Assert.Contains("messages", info.GetProperty("chat_template").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_are_means_of_hidden_states()
    {
        JsonElement list = await Server.AskAsync("/v1/embeddings", """{"input": ["Mira lives", "The bees"], "model": "hymba-demo"}""");
        float[] expected = Server.Model.Embed(Server.Model.Tokenizer!.Encode("The bees", addBos: Server.Model.Tokenizer.AddBosToken));
        Assert.Equal(expected, list.GetProperty("data")[1].GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle()));
        JsonElement packed = await Server.AskAsync("/v1/embeddings", """{"input": "The bees", "encoding_format": "base64"}""");
        byte[] bytes = Convert.FromBase64String(packed.GetProperty("data")[0].GetProperty("embedding").GetString()!);
        Assert.Equal(expected, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        Assert.Equal("dimensions", (await Server.RefusedAsync("/v1/embeddings", """{"input": "x", "dimensions": 3}""")).GetProperty("param").GetString());
        Assert.Equal("input", (await Server.RefusedAsync("/v1/embeddings", """{"input": []}""")).GetProperty("param").GetString());
    }
}
