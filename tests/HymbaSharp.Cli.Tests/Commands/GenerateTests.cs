using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class GenerateTests : IDisposable
{
    private static readonly GenerationOptions Twelve = new() { MaxTokens = 12, Temperature = 0.7f, TopK = 30, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f, Seed = 5, IgnoreEndOfText = true };
    private static readonly string[] TwelveFlags =
        ["-n", "12", "--temp", "0.7", "--top-k", "30", "--top-p", "0.9", "--min-p", "0.01", "--repeat-penalty", "1.1", "--seed", "5", "--ignore-eos"];

    private readonly TestFolder _folder = new();

    public GenerateTests() => SmallCheckpoint.Write(_folder);

    private string Model => _folder.Path;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_writes_what_the_library_generates_and_statistics_beside()
    {
        using HymbaModel model = HymbaModel.Load(Model);
        using HymbaSession session = model.StartSession();
        string expected = await TextOf(session.GenerateAsync("abc", Twelve));
        Outcome outcome = Tool.Run(["generate", "-m", Model, "abc", .. TwelveFlags]);
        Assert.Equal(expected + "\n", outcome.Success);
        Assert.Contains("prompt 2 tokens", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("text 12 tokens", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("ended by -n", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_is_answered_by_the_chat_template()
    {
        using HymbaModel model = HymbaModel.Load(Model);
        using Conversation conversation = new(model, new ConversationOptions { System = "b" });
        string expected = await TextOf(conversation.SendAsync("abc", Twelve));
        string state = _folder.File("chat.state");
        Assert.Equal(expected + "\n", Tool.Run(["generate", "-m", Model, "abc", "--chat", "--system", "b", "--save-state", state, .. TwelveFlags]).Success);
        expected = await TextOf(conversation.SendAsync("a", Twelve));
        Assert.Equal(expected + "\n", Tool.Run(["generate", "-m", Model, "a", "--chat", "--from-state", state, .. TwelveFlags]).Success);
    }

    [Fact]
    public void The_prompt_comes_from_a_file_or_the_input_without_its_final_line_break()
    {
        string expected = Tool.Run(["generate", "-m", Model, "abc", .. TwelveFlags]).Success;
        Assert.Equal(expected, Tool.RunWith("abc\n", ["generate", "-m", Model, .. TwelveFlags]).Success);
        Assert.Equal(expected, Tool.RunWith("abc\r\n", ["generate", "-m", Model, "-f", "-", .. TwelveFlags]).Success);
        Assert.Equal(expected, Tool.Run(["generate", "-m", Model, "-f", _folder.Write("prompt.txt", "abc\n"), .. TwelveFlags]).Success);
        Assert.NotEqual(expected, Tool.RunWith("abc\n\n", ["generate", "-m", Model, .. TwelveFlags]).Success);
    }

    [Fact]
    public void A_saved_state_goes_on_with_the_next_token()
    {
        string state = _folder.File("a.state");
        string[] flags = ["-m", Model, "--temp", "0", "--ignore-eos", "--json"];
        int[] all = Tokens(Tool.Run(["generate", "abc", "-n", "9", .. flags]));
        int[] first = Tokens(Tool.Run(["generate", "abc", "-n", "4", "--save-state", state, .. flags]));
        int[] second = Tokens(Tool.Run(["generate", "-p", "", "-n", "5", "--from-state", state, .. flags]));
        Assert.Equal(9, all.Length);
        Assert.Equal(all, first.Concat(second));
    }

    [Fact]
    public void Json_lines_hold_the_text_and_end_with_the_reason()
    {
        string text = Tool.Run(["generate", "-m", Model, "abc", .. TwelveFlags]).Success;
        Outcome json = Tool.Run(["generate", "-m", Model, "abc", "--json", "--logprobs", "2", .. TwelveFlags]);
        JsonElement[] updates = [.. json.Success.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(text, string.Concat(updates.Select(update => update.GetProperty("text").GetString())) + "\n");
        Assert.Equal("max_tokens", updates[^1].GetProperty("finish_reason").GetString());
        Assert.Equal(2, updates[^1].GetProperty("prompt_tokens").GetInt32());
        Assert.All(updates, update => Assert.Equal(2, update.GetProperty("logprobs")[0].GetProperty("top").GetArrayLength()));
    }

    [Fact]
    public void Log_probabilities_are_a_line_for_each_token()
    {
        string[] lines = Tool.Run(["generate", "-m", Model, "abc", "--logprobs", "3", .. TwelveFlags]).Success.TrimEnd('\n').Split('\n');
        Assert.Equal(12, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^ *-\d+\.\d{3}  \S+ +\S+ -\d+\.\d{3}  \S+ -\d+\.\d{3}  \S+ -\d+\.\d{3}$", line));
    }

    [Fact]
    public void Text_ends_before_a_stop_string()
    {
        string text = Tool.Run(["generate", "-m", Model, "abc", .. TwelveFlags]).Success.TrimEnd('\n');
        string stop = text[2..4];
        Outcome stopped = Tool.Run(["generate", "-m", Model, "abc", "--stop", "not in it", "-r", stop, .. TwelveFlags]);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)] + "\n", stopped.Success);
        Assert.Contains("ended before \"", stopped.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bias_decides()
    {
        Assert.Equal([100, 100, 100], Tokens(Tool.Run("generate", "-m", Model, "abc", "-n", "3", "--logit-bias", "100+50", "--json")));
        Assert.DoesNotContain(100, Tokens(Tool.Run("generate", "-m", Model, "abc", "-n", "50", "--temp", "0", "--logit-bias", "100-inf", "--ignore-eos", "--json")));
    }

    [Fact]
    public async Task When_interrupted_it_ends_with_130()
    {
        using Interrupts interrupts = new();
        Task<Outcome> generation = Tool.RunAsync("", interrupts, "generate", "-m", Model, "abc", "-c", "100000", "--ignore-eos");
        _ = interrupts.Raise(PosixSignal.SIGINT);
        Assert.Equal(130, (await generation).Code);
    }

    [Theory]
    [InlineData("Temperature is -1", 1, "--temp", "-1")]
    [InlineData("TopP is 2", 1, "--top-p", "2")]
    [InlineData("token 500", 1, "--logit-bias", "500+1")]
    [InlineData("LogProbabilities is 21", 1, "--logprobs", "21")]
    [InlineData("--logit-bias is '5'", 2, "--logit-bias", "5")]
    [InlineData("--logit-bias is '5+x'", 2, "--logit-bias", "5+x")]
    [InlineData("--seed is '-5'; expected a whole number", 2, "--seed", "-5")]
    [InlineData("--temp is 'hot'; expected a number", 2, "--temp", "hot")]
    [InlineData("--system needs --chat", 2, "--system", "x")]
    [InlineData("holds 1 tokens", 1, "-c", "1")]
    public void What_cannot_be_is_refused(string message, int code, params string[] flags) =>
        Assert.Contains(message, Tool.Run(["generate", "-m", Model, "abc", .. flags]).Failure(code), StringComparison.Ordinal);

    [Fact]
    public void A_state_of_another_model_is_refused()
    {
        string state = _folder.File("a.state");
        _ = Tool.Run("logits", "-m", TestData.Reference("ntk-shared-kv"), "--ids", "1", "--save-state", state).Success;
        Assert.Contains("a.state", Tool.Run("generate", "-m", Model, "abc", "--from-state", state).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_tokenizer_is_refused() =>
        Assert.Contains("no tokenizer", Tool.Run("generate", "-m", TestData.Reference("ntk-shared-kv"), "abc").Failure(), StringComparison.Ordinal);

    private static int[] Tokens(Outcome json) =>
        [.. json.Success.TrimEnd('\n').Split('\n').SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("tokens").Deserialize<int[]>()!)];

    private static async Task<string> TextOf(IAsyncEnumerable<GenerationUpdate> updates)
    {
        StringBuilder text = new();
        await foreach (GenerationUpdate update in updates)
            _ = text.Append(update.Text);
        return text.ToString();
    }
}
