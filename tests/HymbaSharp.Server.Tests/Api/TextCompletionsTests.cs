using System.Text.Json;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Server.Tests.Api;

public sealed class TextCompletionsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Path = "/v1/completions";

    private TestServer Server => fixture.Server;

    private Tokenizer Tokenizer => Server.Model.Tokenizer!;

    [Fact]
    public async Task A_prompt_may_be_text_or_ids_one_or_several()
    {
        int[] first = Tokenizer.Encode("Mira lives", addBos: Tokenizer.AddBosToken), second = Tokenizer.Encode("The bees", addBos: Tokenizer.AddBosToken);
        const string rest = "\"max_tokens\": 5, \"temperature\": 0";
        string[] texts = Texts(await Server.AskAsync(Path, $$"""{"prompt": ["Mira lives", "The bees"], {{rest}}}"""));
        Assert.Equal(2, texts.Length);
        Assert.Equal(texts, Texts(await Server.AskAsync(Path, $$"""{"prompt": [[{{string.Join(',', first)}}], [{{string.Join(',', second)}}]], {{rest}}}""")));
        Assert.Equal([texts[0]], Texts(await Server.AskAsync(Path, $$"""{"prompt": "Mira lives", {{rest}}}""")));
        JsonElement ids = await Server.AskAsync(Path, $$"""{"prompt": [{{string.Join(',', first)}}], {{rest}}}""");
        Assert.Equal([texts[0]], Texts(ids));
        // Ids are taken as they are.
        Assert.Equal(first.Length, ids.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Replies_of_several_prompts_stand_in_order()
    {
        JsonElement reply = await Server.AskAsync(Path, """{"prompt": ["Mira lives", "The bees"], "n": 2, "max_tokens": 3, "temperature": 2, "seed": 1, "echo": true}""");
        JsonElement[] choices = [.. reply.GetProperty("choices").EnumerateArray()];
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.All(choices[..2], choice => Assert.StartsWith("Mira lives", choice.GetProperty("text").GetString(), StringComparison.Ordinal));
        Assert.All(choices[2..], choice => Assert.StartsWith("The bees", choice.GetProperty("text").GetString(), StringComparison.Ordinal));
        Assert.Equal(12, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stream_says_the_same_in_pieces()
    {
        JsonElement whole = await Server.AskAsync(Path, """{"prompt": ["Mira lives", "The bees"], "max_tokens": 6, "temperature": 0}""");
        string[] texts = Texts(whole);
        List<JsonElement> events = await Server.StreamAsync(Path, """{"prompt": ["Mira lives", "The bees"], "max_tokens": 6, "temperature": 0, "stream": true, "stream_options": {"include_usage": true}}""");
        for (int i = 0; i < 2; i++)
        {
            JsonElement[] own = [.. events.SkipLast(1).Select(e => e.GetProperty("choices")[0]).Where(choice => choice.GetProperty("index").GetInt32() == i)];
            Assert.Equal(texts[i], string.Concat(own.Select(choice => choice.GetProperty("text").GetString())));
            Assert.NotEqual(JsonValueKind.Null, own[^1].GetProperty("finish_reason").ValueKind);
        }
        Assert.Equal(whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    /// <summary>As lm-evaluation-harness asks: ids, one token more than the prompt, its own log-probabilities before it.</summary>
    [Fact]
    public async Task The_prompts_log_probabilities_are_the_models()
    {
        int[] ids = Tokenizer.Encode("Mira Quell lives in Tallow.", addBos: Tokenizer.AddBosToken);
        JsonElement reply = await Server.AskAsync(Path, $$"""{"model": "hymba-demo", "prompt": [[{{string.Join(',', ids)}}]], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}""");
        JsonElement probabilities = reply.GetProperty("choices")[0].GetProperty("logprobs");
        JsonElement[] tokens = [.. probabilities.GetProperty("token_logprobs").EnumerateArray()], top = [.. probabilities.GetProperty("top_logprobs").EnumerateArray()];
        Assert.Equal(ids.Length + 1, tokens.Length);
        Assert.Equal(JsonValueKind.Null, tokens[0].ValueKind);
        Assert.Equal(JsonValueKind.Null, top[0].ValueKind);

        using HymbaSession session = Server.Model.StartSession();
        session.Append(ids, (i, logits) =>
        {
            double max = double.NegativeInfinity, sum = 0;
            foreach (float logit in logits)
                max = Math.Max(max, logit);
            foreach (float logit in logits)
                sum += Math.Exp(logit - max);
            if (i + 1 < ids.Length)
                Assert.Equal(logits[ids[i + 1]] - max - Math.Log(sum), tokens[i + 1].GetDouble(), 1e-5);
            bool isGreedy = i + 1 < ids.Length && logits[ids[i + 1]] == max;
            double best = top[i + 1].EnumerateObject().Max(member => member.Value.GetDouble());
            if (i + 1 < ids.Length)
                Assert.Equal(isGreedy, tokens[i + 1].GetDouble() == best);
        });
        string text = reply.GetProperty("choices")[0].GetProperty("text").GetString()!;
        Assert.StartsWith("Mira Quell lives in Tallow.", text, StringComparison.Ordinal);
        string[] pieces = [.. probabilities.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)];
        int[] offsets = [.. probabilities.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32())];
        for (int i = 2; i < pieces.Length - 1; i++)
            Assert.Equal(pieces[i], text.Substring(offsets[i], pieces[i].Length));
    }

    [Fact]
    public async Task Without_echo_the_replys_tokens_alone_have_log_probabilities()
    {
        JsonElement choice = (await Server.AskAsync(Path, """{"prompt": "Mira lives", "max_tokens": 3, "temperature": 0, "logprobs": 2}""")).GetProperty("choices")[0];
        JsonElement probabilities = choice.GetProperty("logprobs");
        Assert.Equal(3, probabilities.GetProperty("tokens").GetArrayLength());
        Assert.Equal("Mira lives".Length, probabilities.GetProperty("text_offset")[0].GetInt32());
        Assert.All(probabilities.GetProperty("top_logprobs").EnumerateArray(), top => Assert.Equal(2, top.EnumerateObject().Count()));
        JsonElement none = (await Server.AskAsync(Path, """{"prompt": "Mira lives", "max_tokens": 3}""")).GetProperty("choices")[0];
        Assert.Equal(JsonValueKind.Null, none.GetProperty("logprobs").ValueKind);
    }

    [Theory]
    [InlineData("""{}""", "prompt")]
    [InlineData("""{"prompt": []}""", "prompt")]
    [InlineData("""{"prompt": ""}""", null)]
    [InlineData("""{"prompt": [1, "a"]}""", "prompt")]
    [InlineData("""{"prompt": [1.5]}""", "prompt")]
    [InlineData("""{"prompt": [-1]}""", null)]
    [InlineData("""{"prompt": [99999]}""", null)]
    [InlineData("""{"prompt": "x", "suffix": "y"}""", "suffix")]
    [InlineData("""{"prompt": "x", "best_of": 3}""", "best_of")]
    [InlineData("""{"prompt": "x", "logprobs": 99}""", "top_logprobs")]
    [InlineData("""{"prompt": "x", "echo": 1}""", "echo")]
    public async Task What_is_not_allowed_is_named(string request, string? param)
    {
        if (request.Contains("\"\"", StringComparison.Ordinal) && Tokenizer.AddBosToken)
            return;
        JsonElement error = await Server.RefusedAsync(Path, request);
        Assert.Equal(param, error.GetProperty("param").GetString());
    }

    private static string[] Texts(JsonElement reply) => [.. reply.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!)];
}
