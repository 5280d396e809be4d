using System.Text.Json;
using HymbaSharp.Generation;
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
    public async Task Forms_that_cannot_be_enforced_are_refused()
    {
        using SpeakingModel model = new("One");
        AIFunction function = AIFunctionFactory.Create(() => 1, "one");
        ChatOptions[] options =
        [
            new() { ResponseFormat = ChatResponseFormat.Json },
            new() { ResponseFormat = ChatResponseFormat.ForJsonSchema<int[]>() },
            new() { Tools = [function], ToolMode = ChatToolMode.RequireAny },
            new() { Tools = [function], ToolMode = ChatToolMode.RequireSpecific("one") },
        ];
        foreach (ChatOptions demanding in options)
            _ = await Assert.ThrowsAsync<NotSupportedException>(() => model.Client.GetResponseAsync("hello", demanding, Token));
        ChatOptions text = model.Saying("One");
        text.ResponseFormat = ChatResponseFormat.Text;
        Assert.Equal("One", (await model.Client.GetResponseAsync("hello", text, Token)).Text);
    }
}
