using System.Text;
using System.Text.Json;

namespace HymbaSharp.Server.Tests.LmEval;

/// <summary>
/// What lm-evaluation-harness 0.4 asks (its local-completions, local-chat-completions and remote tokenizer), and what it makes of the answers.
/// The requests in requests.json hold what it sends, and for log-likelihoods how many tokens of each prompt are context.
/// </summary>
public sealed class HarnessTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly JsonElement[] Requests = [.. JsonElement.Parse(File.ReadAllText(Path.Combine(TestServer.Root, "tests", "HymbaSharp.Server.Tests", "LmEval", "requests.json"))).EnumerateArray()];

    private TestServer Server => fixture.Server;

    public static TheoryData<string> Likelihoods => [.. Requests.Where(request => request.TryGetProperty("contexts", out _)).Select(About)];

    public static TheoryData<string> Generations => [.. Requests.Where(request => !request.TryGetProperty("contexts", out _)).Select(About)];

    [Theory]
    [MemberData(nameof(Likelihoods))]
    public async Task Log_likelihoods_are_the_models(string about)
    {
        JsonElement request = Requests.Single(request => About(request) == about);
        int[][] prompts = [.. request.GetProperty("body").GetProperty("prompt").EnumerateArray().Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        int[] contexts = [.. request.GetProperty("contexts").EnumerateArray().Select(count => count.GetInt32())];
        JsonElement reply = await AskAsync(request);
        JsonElement[] choices = [.. reply.GetProperty("choices").EnumerateArray().OrderBy(choice => choice.GetProperty("index").GetInt32())];
        Assert.Equal(prompts.Length, choices.Length);
        for (int i = 0; i < prompts.Length; i++)
        {
            (double sum, bool isGreedy) = Read(choices[i], contexts[i]);
            (double expected, bool expectedGreedy) = Compute(prompts[i], contexts[i]);
            Assert.Equal(expected, sum, 1e-4);
            Assert.Equal(expectedGreedy, isGreedy);
        }
        // What was kept of the prompts changes nothing.
        JsonElement again = await AskAsync(request);
        Assert.Equal(choices.Select((choice, i) => Read(choice, contexts[i]).Sum), again.GetProperty("choices").EnumerateArray().Select((choice, i) => Read(choice, contexts[i]).Sum), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    /// <summary>The harness takes the last element for the reply's token, and leaves it out.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(1535)]
    public async Task The_token_after_the_prompt_is_there_even_where_it_ends_the_text(int token)
    {
        JsonElement reply = await Server.AskAsync("/v1/completions", $$"""{"prompt": [[1, 1440, 333, 1452]], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true, "logit_bias": {"{{token}}": 100 } }""");
        Assert.Equal(5, reply.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal("stop", reply.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_prompt_may_leave_room_for_one_token_alone()
    {
        int[] prompt = [1, .. Enumerable.Range(0, Server.Model.ContextLength - 2).Select(i => 300 + i % 1000)];
        JsonElement reply = await Server.AskAsync("/v1/completions", $$"""{"prompt": [[{{string.Join(',', prompt)}}]], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}""");
        (double sum, _) = Read(reply.GetProperty("choices")[0], prompt.Length - 3);
        Assert.Equal(Compute(prompt, prompt.Length - 3).Sum, sum, 1e-3);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Generations_end_before_their_stop_texts(string about)
    {
        JsonElement request = Requests.Single(request => About(request) == about), body = request.GetProperty("body");
        string[] texts = Texts(await AskAsync(request)), stops = [.. body.GetProperty("stop").EnumerateArray().Select(stop => stop.GetString()!)];
        Assert.Equal(body.TryGetProperty("prompt", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.Array ? prompt.GetArrayLength() : 1, texts.Length);
        Assert.All(texts, text => Assert.NotEqual("", text));
        Assert.All(texts, text => Assert.All(stops, stop => Assert.DoesNotContain(stop, text, StringComparison.Ordinal)));
        // Its seed makes what is sampled repeat too.
        Assert.Equal(texts, Texts(await AskAsync(request)));
    }

    [Fact]
    public async Task The_remote_tokenizer_is_the_models()
    {
        using HttpResponseMessage response = await Server.Client.GetAsync("/tokenizer_info", TestContext.Current.CancellationToken);
        JsonElement info = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        foreach ((string name, int id) in new[] { ("eos_token", Server.Model.Tokenizer!.EosId!.Value), ("bos_token", Server.Model.Tokenizer.BosId!.Value) })
            Assert.Equal([id], await EncodeAsync(info.GetProperty(name).GetString()!));
        Assert.Equal(Server.Model.Tokenizer.ChatTemplate, info.GetProperty("chat_template").GetString());

        foreach (string text in new[] { "Question: Where was Mira Quell born?\nAnswer: Tallow", "  two spaces, Größe, 日本語 🐝\n\n", " Tallow" })
        {
            int[] ids = await EncodeAsync(text);
            Assert.Equal(Server.Model.Tokenizer.Encode(text), ids);
            JsonElement decoded = await Server.AskAsync("/detokenize", $$"""{"tokens": [{{string.Join(',', ids)}}]}""");
            Assert.Equal(text, decoded.GetProperty("prompt").GetString());
        }
    }

    private static string About(JsonElement request) => request.GetProperty("about").GetString()!;

    private static string[] Texts(JsonElement reply) =>
        [.. reply.GetProperty("choices").EnumerateArray().Select(choice => (choice.TryGetProperty("text", out JsonElement text) ? text : choice.GetProperty("message").GetProperty("content")).GetString()!)];

    /// <summary>The sum over the continuation, and whether each of its tokens is the most probable: as the harness reads them.</summary>
    private static (double Sum, bool IsGreedy) Read(JsonElement choice, int context)
    {
        JsonElement[] tokens = [.. choice.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray()], top = [.. choice.GetProperty("logprobs").GetProperty("top_logprobs").EnumerateArray()];
        double[] continuation = [.. tokens[context..^1].Select(token => token.GetDouble())];
        return (continuation.Sum(), continuation.Zip(top[context..^1]).All(pair => pair.First == pair.Second.EnumerateObject().Max(member => member.Value.GetDouble())));
    }

    /// <summary>The same from a session's logits.</summary>
    private (double Sum, bool IsGreedy) Compute(int[] ids, int context)
    {
        double sum = 0;
        bool isGreedy = true;
        using HymbaSession session = Server.Model.StartSession();
        session.Append(ids, (i, logits) =>
        {
            if (i + 1 < context || i + 1 >= ids.Length)
                return;
            double max = double.NegativeInfinity, total = 0;
            foreach (float logit in logits)
                max = Math.Max(max, logit);
            foreach (float logit in logits)
                total += Math.Exp(logit - max);
            sum += logits[ids[i + 1]] - max - Math.Log(total);
            isGreedy &= logits[ids[i + 1]] == max;
        });
        return (sum, isGreedy);
    }

    private async Task<int[]> EncodeAsync(string text)
    {
        JsonElement reply = await Server.AskAsync("/tokenize", $$"""{"prompt": {{JsonSerializer.Serialize(text)}}, "add_special_tokens": false}""");
        return [.. reply.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
    }

    // Without a key the harness sends an empty one.
    private async Task<JsonElement> AskAsync(JsonElement request)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, request.GetProperty("path").GetString()) { Content = new StringContent(request.GetProperty("body").GetRawText(), Encoding.UTF8, "application/json") };
        _ = message.Headers.TryAddWithoutValidation("Authorization", "Bearer ");
        using HttpResponseMessage response = await Server.Client.SendAsync(message, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }
}
