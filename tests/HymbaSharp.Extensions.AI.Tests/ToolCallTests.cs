using System.Text.Json;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class ToolCallTests
{
    private static readonly string[] Pieces =
    [
        "Wait.", " <tool", "call>", " {\"name\": \"weather\", \"arguments\":", " {\"city\": \"Bern\", \"days\": 2, \"at\": null}} </tool", "call> <toolcall> {\"name\": \"now\"} </toolcall",
        "> Well.", " <toolcall> {\"name\": </toolcall>",
    ];

    private static readonly AIFunction Weather = AIFunctionFactory.Create((string city) => city, "weather");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_come_when_they_are_complete_and_in_their_order()
    {
        using SpeakingModel model = new(Pieces);
        List<ChatResponseUpdate> updates = await model.Client.GetStreamingResponseAsync("hello", Options(model, Pieces[..7]), Token).ToListAsync(Token);
        AIContent[] contents = [.. updates.SelectMany(update => update.Contents)];
        Assert.Equal(["Wait.", "weather", "now", " Well.", "usage"], contents.Select(content => content switch
        {
            TextContent text => text.Text,
            FunctionCallContent call => call.Name,
            _ => "usage",
        }));
        FunctionCallContent weather = (FunctionCallContent)contents[1], now = (FunctionCallContent)contents[2];
        Assert.Equal(["city", "days", "at"], weather.Arguments!.Keys);
        Assert.Equal(("Bern", 2), (((JsonElement)weather.Arguments["city"]!).GetString(), ((JsonElement)weather.Arguments["days"]!).GetInt32()));
        Assert.Null(weather.Arguments["at"]);
        Assert.Empty(now.Arguments!);
        Assert.Matches("^call_[0-9a-f]{32}$", weather.CallId);
        Assert.NotEqual(weather.CallId, now.CallId);
        Assert.Equal(ChatFinishReason.ToolCalls, updates[^1].FinishReason);
    }

    [Fact]
    public async Task A_response_has_its_calls()
    {
        using SpeakingModel model = new(Pieces);
        ChatResponse response = await model.Client.GetResponseAsync("hello", Options(model, Pieces[..7]), Token);
        Assert.Equal(["weather", "now"], Assert.Single(response.Messages).Contents.OfType<FunctionCallContent>().Select(call => call.Name));
        Assert.Equal("Wait. Well.", response.Text);
    }

    [Fact]
    public async Task One_call_ends_a_reply_that_may_make_one()
    {
        using SpeakingModel model = new(Pieces);
        ChatOptions options = Options(model, Pieces[..7]);
        options.AllowMultipleToolCalls = false;
        ChatResponse response = await model.Client.GetResponseAsync("hello", options, Token);
        Assert.Equal(["weather"], Assert.Single(response.Messages).Contents.OfType<FunctionCallContent>().Select(call => call.Name));
        Assert.Equal(("Wait.", ChatFinishReason.ToolCalls), (response.Text, response.FinishReason));
        Assert.NotNull(response.Usage);
    }

    [Fact]
    public async Task What_only_looks_like_a_call_stays_text()
    {
        using SpeakingModel model = new(Pieces);
        ChatResponse response = await model.Client.GetResponseAsync("hello", Options(model, Pieces[0], Pieces[7]), Token);
        Assert.Equal(("Wait. <toolcall> {\"name\": </toolcall>", ChatFinishReason.Stop), (response.Text, response.FinishReason));
        response = await model.Client.GetResponseAsync("hello", Options(model, Pieces[..4]), Token);
        Assert.Equal(("Wait. <toolcall> {\"name\": \"weather\", \"arguments\":", ChatFinishReason.Stop), (response.Text, response.FinishReason));
    }

    [Fact]
    public async Task Without_tools_a_call_stays_text()
    {
        using SpeakingModel model = new(Pieces);
        ChatOptions options = Options(model, Pieces[..7]);
        options.ToolMode = ChatToolMode.None;
        ChatResponse response = await model.Client.GetResponseAsync("hello", options, Token);
        Assert.Equal((string.Concat(Pieces[..7]), ChatFinishReason.Stop), (response.Text, response.FinishReason));
        Assert.Empty(Assert.Single(response.Messages).Contents.OfType<FunctionCallContent>());
    }

    private static ChatOptions Options(SpeakingModel model, params string[] pieces)
    {
        ChatOptions options = model.Saying(pieces);
        options.Tools = [Weather];
        return options;
    }
}
