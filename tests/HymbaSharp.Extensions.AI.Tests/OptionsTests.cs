using System.Text.Json;
using HymbaSharp.Generation;
using HymbaSharp.Generation.Constraints;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class OptionsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_option_reaches_the_engine()
    {
        using SpeakingModel model = new("One");
        (string Name, ChatOptions Options)[] refused =
        [
            ("Temperature", new() { Temperature = -1 }),
            ("TopP", new() { TopP = 2 }),
            ("TopK", new() { TopK = -1 }),
            ("FrequencyPenalty", new() { FrequencyPenalty = 3 }),
            ("PresencePenalty", new() { PresencePenalty = -3 }),
            ("MaxTokens", new() { MaxOutputTokens = -1 }),
            ("StopStrings", new() { StopSequences = [""] }),
            ("MinP", new() { AdditionalProperties = new() { ["min_p"] = 1.5 } }),
            ("MinP", new() { AdditionalProperties = new() { ["min_p"] = JsonElement.Parse("-1") } }),
            ("RepetitionPenalty", new() { AdditionalProperties = new() { ["repeat_penalty"] = 0 } }),
            ("PenaltyWindow", new() { RawRepresentationFactory = _ => new GenerationOptions { PenaltyWindow = 0 } }),
        ];
        foreach ((string name, ChatOptions options) in refused)
        {
            GenerationOptionsException error = await Assert.ThrowsAsync<GenerationOptionsException>(() => model.Client.GetResponseAsync("hello", options, Token));
            Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Options_go_before_those_that_they_start_from()
    {
        using SpeakingModel model = new("One", " two", " three");
        ChatOptions options = model.Saying("One", " two", " three");
        Assert.Equal("One two three", (await model.Client.GetResponseAsync("hello", options, Token)).Text);
        options.MaxOutputTokens = 2;
        Assert.Equal("One two", (await model.Client.GetResponseAsync("hello", options, Token)).Text);
        options.StopSequences = ["tw"];
        ChatResponse stopped = await model.Client.GetResponseAsync("hello", options, Token);
        Assert.Equal(("One ", ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));
    }

    [Fact]
    public async Task A_seed_repeats_a_reply()
    {
        using SpeakingModel model = new("One");
        async Task<string> Reply(long? seed) => (await model.Client.GetResponseAsync("hello", new ChatOptions { Temperature = 2, TopK = 0, Seed = seed, MaxOutputTokens = 20 }, Token)).Text;
        Assert.Equal(await Reply(-5), await Reply(-5));
        Assert.NotEqual(await Reply(1), await Reply(2));
    }

    [Fact]
    public async Task Another_model_is_refused()
    {
        using SpeakingModel model = new("One");
        ChatOptions options = model.Saying("One");
        options.ModelId = "tiny";
        Assert.Equal("One", (await model.Client.GetResponseAsync("hello", options, Token)).Text);
        options.ModelId = "large";
        HymbaRequestException error = await Assert.ThrowsAsync<HymbaRequestException>(() => model.Client.GetResponseAsync("hello", options, Token));
        Assert.Equal("ModelId is 'large'; this model is 'tiny'. Leave it out, or name that.", error.Message);
    }

    [Fact]
    public async Task A_property_of_another_type_is_refused()
    {
        using SpeakingModel model = new("One");
        HymbaRequestException error = await Assert.ThrowsAsync<HymbaRequestException>(
            () => model.Client.GetResponseAsync("hello", new ChatOptions { AdditionalProperties = new() { ["min_p"] = "high" } }, Token));
        Assert.Equal("AdditionalProperties[\"min_p\"] is a String; a number is needed.", error.Message);
    }

    [Fact]
    public async Task Null_is_refused_before_anything_is_read()
    {
        using SpeakingModel model = new("One");
        _ = Assert.Throws<ArgumentNullException>(() => { _ = model.Client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!, cancellationToken: Token); });
        _ = await Assert.ThrowsAsync<ArgumentNullException>(() => model.Client.GetResponseAsync((IEnumerable<ChatMessage>)null!, cancellationToken: Token));
    }

    [Fact]
    public async Task Replies_are_held_to_their_form()
    {
        using SpeakingModel model = new("One");
        AIFunction one = AIFunctionFactory.Create((int count) => count, "one"), two = AIFunctionFactory.Create(() => 1, "two");
        for (int seed = 0; seed < 5; seed++)
        {
            ChatOptions loose = new() { Temperature = 1.5f, TopK = 0, Seed = seed, AdditionalProperties = new() { ["min_p"] = 0f } };
            ChatOptions json = loose.Clone();
            json.ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3}"""));
            Assert.All(JsonElement.Parse((await model.Client.GetResponseAsync("hello", json, Token)).Text).EnumerateArray(), item => Assert.Contains(item.GetString(), (string[])["a", "b"]));
            ChatOptions any = loose.Clone();
            (any.Tools, any.ToolMode) = ([one, two], ChatToolMode.RequireAny);
            ChatResponse said = await model.Client.GetResponseAsync("hello", any, Token);
            Assert.True(said.FinishReason == ChatFinishReason.ToolCalls, $"{said.FinishReason} {said.Text}");
            FunctionCallContent call = Assert.Single(said.Messages[0].Contents.OfType<FunctionCallContent>());
            Assert.Contains(call.Name, (string[])["one", "two"]);
            ChatOptions specific = any.Clone();
            specific.ToolMode = ChatToolMode.RequireSpecific("one");
            ChatResponse required = await model.Client.GetResponseAsync("hello", specific, Token);
            call = Assert.Single(required.Messages[0].Contents.OfType<FunctionCallContent>());
            Assert.Equal(("one", ChatFinishReason.ToolCalls), (call.Name, required.FinishReason!.Value));
            Assert.True(call.Arguments!.ContainsKey("count"));
        }
        ChatOptions text = model.Saying("One");
        text.ResponseFormat = ChatResponseFormat.Text;
        Assert.Equal("One", (await model.Client.GetResponseAsync("hello", text, Token)).Text);
    }

    [Fact]
    public async Task Forms_that_cannot_be_kept_are_refused_by_name()
    {
        using SpeakingModel model = new("One");
        AIFunction function = AIFunctionFactory.Create(() => 1, "one");
        ChatOptions schema = new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type": "array", "uniqueItems": true}""")) };
        Assert.Contains("uniqueItems", (await Assert.ThrowsAsync<GrammarException>(() => model.Client.GetResponseAsync("hello", schema, Token))).Message, StringComparison.Ordinal);
        ChatOptions none = new() { ToolMode = ChatToolMode.RequireAny }, other = new() { Tools = [function], ToolMode = ChatToolMode.RequireSpecific("two") };
        Assert.Contains("a function", (await Assert.ThrowsAsync<HymbaRequestException>(() => model.Client.GetResponseAsync("hello", none, Token))).Message, StringComparison.Ordinal);
        Assert.Contains("'two'", (await Assert.ThrowsAsync<HymbaRequestException>(() => model.Client.GetResponseAsync("hello", other, Token))).Message, StringComparison.Ordinal);
    }
}
