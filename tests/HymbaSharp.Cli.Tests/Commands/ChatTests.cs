using System.Text;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class ChatTests : IDisposable
{
    private static readonly GenerationOptions Greedy = new() { MaxTokens = 6, Temperature = 0 };

    private readonly TestFolder _folder = new();
    private readonly HymbaModel _model;

    public ChatTests()
    {
        SmallCheckpoint.Write(_folder);
        _model = HymbaModel.Load(_folder.Path);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Piped_lines_are_turns_and_the_replies_alone_come_out()
    {
        Outcome outcome = Chat("abc\n\na b\n");
        Assert.Equal(await RepliesAsync(new(), "abc", "a b"), outcome.Success);
        Assert.Equal("", outcome.Error);
    }

    [Fact]
    public async Task System_contexts_and_tools_reach_the_template()
    {
        string context = _folder.Write("context.txt", "ab ab"), tools = _folder.Write("tools.json", """[{"name":"c"}]""");
        ConversationOptions options = new() { System = "b", Contexts = ["ab ab"], Tools = JsonSerializer.Deserialize<JsonElement[]>("""[{"name":"c"}]""")! };
        string expected = await RepliesAsync(options, "abc");
        Assert.NotEqual(await RepliesAsync(new(), "abc"), expected);
        Assert.Equal(expected, Chat("abc\n", "--system", "b", "--context", context, "--tools", tools).Success);
    }

    [Fact]
    public async Task Commands_do_what_they_say()
    {
        string first = await RepliesAsync(new(), "abc"), second = (await RepliesAsync(new(), "abc", "b"))[first.Length..];
        Assert.Equal(first + first, Chat("abc\n/reset\nabc\n").Success);
        Assert.Equal(first + second + second, Chat("abc\nb\n/undo\nb\n").Success);
        Assert.Equal(first, Chat("abc\n/exit\nb\n").Success);
        Assert.Equal(await RepliesAsync(new() { System = "c" }, "abc") + first, Chat("/system c\nabc\n/reset\n/system\nabc\n").Success);
        Outcome statistics = Chat("abc\n/stats\nb\n");
        Assert.Equal(first + second, statistics.Success);
        Assert.Contains("text 6 tokens", statistics.Error, StringComparison.Ordinal);
        Assert.Contains("kept)", Chat("abc\nb\n", "--verbose").Error, StringComparison.Ordinal);
        Assert.Contains("/undo", Chat("/help\n").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_saved_chat_goes_on_in_this_process_or_another()
    {
        string file = _folder.File("a b.state");
        string all = await RepliesAsync(new(), "abc", "b"), first = await RepliesAsync(new(), "abc");
        Assert.Equal(all + all[first.Length..], Chat($"abc\n/save {file}\nb\n/load {file}\nb\n").Success);
        Assert.Equal(all[first.Length..], Chat("b\n", "--from-state", file).Success);
    }

    [Fact]
    public async Task Quotes_open_a_turn_of_several_lines()
    {
        Assert.Equal(await RepliesAsync(new(), "ab\n\nc"), Chat("\"\"\"ab\n\nc\"\"\"\n").Success);
        Assert.Equal(await RepliesAsync(new(), "ab\nc"), Chat("\"\"\"ab\nc\n").Success);
        Assert.Equal(await RepliesAsync(new(), "ab"), Chat("\"\"\"ab\"\"\"\n").Success);
    }

    [Fact]
    public async Task An_unknown_command_gets_a_hint_and_a_space_makes_it_a_message()
    {
        Outcome outcome = Chat("/etc/hosts\n /etc\n");
        Assert.Equal(await RepliesAsync(new(), " /etc"), outcome.Success);
        Assert.Contains("no command /etc/hosts; /help", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/save needs a file's name", 2, "/save\n")]
    [InlineData("nowhere.state", 1, "/load nowhere.state\n")]
    public void In_a_pipe_an_error_ends_the_chat(string message, int code, string input) =>
        Assert.Contains(message, Chat(input + "abc\n").Failure(code), StringComparison.Ordinal);

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[")]
    public void Tools_that_are_no_array_are_refused(string json) =>
        Assert.Contains("JSON array of functions", Chat("abc\n", "--tools", _folder.Write("tools.json", json)).Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("missing.txt", Chat("abc\n", "--context", _folder.File("missing.txt")).Failure(), StringComparison.Ordinal);
        Assert.Contains("no tokenizer", Tool.RunWith("a\n", "chat", "-m", TestData.Reference("ntk-shared-kv")).Failure(), StringComparison.Ordinal);
    }

    private Outcome Chat(string input, params string[] flags) => Tool.RunWith(input, ["chat", "-m", _folder.Path, "-n", "6", "--temp", "0", .. flags]);

    private async Task<string> RepliesAsync(ConversationOptions options, params string[] turns)
    {
        using Conversation conversation = new(_model, options);
        StringBuilder replies = new();
        foreach (string turn in turns)
        {
            await foreach (GenerationUpdate update in conversation.SendAsync(turn, Greedy))
                _ = replies.Append(update.Text);
            _ = replies.Append('\n');
        }
        return replies.ToString();
    }
}
