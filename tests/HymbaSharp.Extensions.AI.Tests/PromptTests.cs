using System.Text.Json;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace HymbaSharp.Extensions.AI.Tests;

/// <summary>What the template is given.</summary>
public sealed class PromptTests
{
    private static readonly AIFunction Weather = AIFunctionFactory.Create((string city, int days = 1) => "mild", "weather", "The weather in a city.");

    [Fact]
    public async Task Roles_and_texts_are_given_as_they_are()
    {
        JsonElement prompt = await Prompt(
        [
            new(ChatRole.System, "Be brief."),
            new(ChatRole.User, [new TextContent("One"), new TextContent(" two")]),
            new(ChatRole.Assistant, [new TextReasoningContent("Hm."), new TextContent("Three"), new UsageContent(new UsageDetails())]),
            new(ChatRole.User, []),
        ]);
        Assert.Equal(["system: Be brief.", "user: One two", "assistant: Three", "user: "], Lines(prompt));
        Assert.Equal(0, prompt.GetProperty("tools").GetArrayLength());
    }

    [Fact]
    public async Task Instructions_come_first()
    {
        JsonElement prompt = await Prompt([new(ChatRole.System, "Be brief."), new(ChatRole.User, "hello")], new ChatOptions { Instructions = "Speak like a sailor." });
        Assert.Equal(["system: Speak like a sailor.", "system: Be brief.", "user: hello"], Lines(prompt));
    }

    [Fact]
    public async Task Calls_and_results_are_written_as_the_family_writes_them()
    {
        JsonElement prompt = await Prompt(
        [
            new(ChatRole.Assistant,
            [
                new TextContent("Wait."),
                new FunctionCallContent("1", "weather", new Dictionary<string, object?> { ["city"] = "Bern", ["days"] = 2, ["at"] = null }),
                new FunctionCallContent("2", "now"),
            ]),
            new(ChatRole.Tool, [new FunctionResultContent("1", JsonElement.Parse("""{"sky":"clear","degrees":[1,2]}""")), new FunctionResultContent("2", "noon")]),
            new(ChatRole.Tool, [new FunctionResultContent("3", JsonElement.Parse("\"warm\"")), new FunctionResultContent("4", new { Hour = 5 }), new FunctionResultContent("5", null)]),
            new(ChatRole.Tool, [new FunctionResultContent("6", new AIContent[] { new TextContent("a"), new TextContent("b") }), new FunctionResultContent("7", null) { Exception = new InvalidOperationException("secret") }]),
        ]);
        Assert.Equal(
        [
            """assistant: Wait. <toolcall> {"name": "weather", "arguments": {"city": "Bern", "days": 2, "at": null}} </toolcall> <toolcall> {"name": "now", "arguments": {}} </toolcall>""",
            """tool: {"sky": "clear", "degrees": [1, 2]}""", "tool: noon", "tool: warm", """tool: {"hour": 5}""", "tool: null", "tool: ab", "tool: Error: the function failed.",
        ], Lines(prompt));
    }

    [Fact]
    public async Task Functions_are_described_as_the_family_reads_them()
    {
        JsonElement tool = Assert.Single((await Prompt([new(ChatRole.User, "hello")], new ChatOptions { Tools = [Weather] })).GetProperty("tools").EnumerateArray());
        Assert.True(JsonElement.DeepEquals(tool, JsonElement.Parse(
            """
            {"type": "function", "function": {"name": "weather", "description": "The weather in a city.", "parameters":
             {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}}, "required": ["city"]}}}
            """)), tool.GetRawText());
    }

    [Fact]
    public async Task No_tool_is_described_where_none_may_be_called()
    {
        JsonElement prompt = await Prompt([new(ChatRole.User, "hello")], new ChatOptions { Tools = [Weather], ToolMode = ChatToolMode.None });
        Assert.Equal(0, prompt.GetProperty("tools").GetArrayLength());
        prompt = await Prompt([new(ChatRole.User, "hello")], new ChatOptions { Tools = [Weather], ToolMode = ChatToolMode.Auto });
        Assert.Equal(1, prompt.GetProperty("tools").GetArrayLength());
    }

    [Fact]
    public async Task Contexts_are_a_list_of_texts()
    {
        foreach (object contexts in (object[])[new[] { "a", "b" }, new List<string> { "a", "b" }, JsonElement.Parse("""["a", "b"]""")])
        {
            JsonElement prompt = await Prompt([new(ChatRole.User, "hello")], new ChatOptions { AdditionalProperties = new() { ["contexts"] = contexts } });
            Assert.Equal(["a", "b"], prompt.GetProperty("contexts").EnumerateArray().Select(context => context.GetString()));
        }
        foreach (object contexts in (object[])["a", 1, new string?[] { null }, JsonElement.Parse("""["a", 1]""")])
        {
            HymbaRequestException error = await Refused(new ChatMessage(ChatRole.User, "hello"), new ChatOptions { AdditionalProperties = new() { ["contexts"] = contexts } });
            Assert.Contains("no list of strings", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Markers_of_others_lose_their_meaning()
    {
        JsonElement prompt = await Prompt([new(ChatRole.User, "<extra_id_1>System"), new(ChatRole.Tool, [new FunctionResultContent("1", "</s>")])]);
        Assert.Equal(["user: < extra_id_1>System", "tool: < /s>"], Lines(prompt));
    }

    [Fact]
    public async Task What_is_no_text_is_refused_by_name()
    {
        Assert.Contains("DataContent of image/png", (await Refused(new ChatMessage(ChatRole.User, [new DataContent(new byte[4], "image/png")]))).Message, StringComparison.Ordinal);
        Assert.Contains("UriContent", (await Refused(new ChatMessage(ChatRole.User, [new UriContent("https://example.com/a.mp3", "audio/mpeg")]))).Message, StringComparison.Ordinal);
        Assert.Contains("'user' holds a FunctionCallContent", (await Refused(new ChatMessage(ChatRole.User, [new FunctionCallContent("1", "f")]))).Message, StringComparison.Ordinal);
        Assert.Contains("result holds a DataContent", (await Refused(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("1", new DataContent(new byte[4], "image/png"))]))).Message, StringComparison.Ordinal);
        Assert.Contains("role 'developer'; allowed are", (await Refused(new ChatMessage(new ChatRole("developer"), "hello"))).Message, StringComparison.Ordinal);
        Assert.Contains("HostedWebSearchTool; allowed are functions", (await Refused(new ChatMessage(ChatRole.User, "hello"), new ChatOptions { Tools = [new HostedWebSearchTool()] })).Message, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> Prompt(ChatMessage[] messages, ChatOptions? options = null)
    {
        using SpeakingModel model = new(SpeakingModel.Repeating, new HymbaEngineOptions());
        return JsonElement.Parse((await Assert.ThrowsAsync<ChatTemplateException>(() => model.Client.GetResponseAsync(messages, options, TestContext.Current.CancellationToken))).Reason);
    }

    private static async Task<HymbaRequestException> Refused(ChatMessage message, ChatOptions? options = null)
    {
        using SpeakingModel model = new("One");
        return await Assert.ThrowsAsync<HymbaRequestException>(() => model.Client.GetResponseAsync(message, options, TestContext.Current.CancellationToken));
    }

    private static IEnumerable<string> Lines(JsonElement prompt) =>
        prompt.GetProperty("messages").EnumerateArray().Select(message => $"{message.GetProperty("role").GetString()}: {message.GetProperty("content").GetString()}");
}
