using System.Text.Json;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class QuantizeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public QuantizeTests() => SmallCheckpoint.Write(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("q8")]
    [InlineData("q4")]
    public void Writes_a_model_that_runs_and_says_what_it_took(string scheme)
    {
        string target = _folder.File("made");
        Outcome outcome = Tool.Run("quantize", "-m", _folder.Path, "--to", scheme, "-o", target);
        Assert.Equal("", outcome.Success);
        Assert.Contains($"{target}: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("in place of", outcome.Error, StringComparison.Ordinal);
        string written = Tool.Run("generate", "-m", target, "ab ab", "-n", "8", "--temp", "0").Success;
        Assert.Equal(written, Tool.Run("generate", "-m", _folder.Path, "--quant", scheme, "ab ab", "-n", "8", "--temp", "0").Success);
        Assert.DoesNotContain("problem", Tool.Run("inspect", target).Success, StringComparison.Ordinal);
    }

    [Fact]
    public void Compares_with_the_model_it_was_made_from()
    {
        _ = Tool.Run("quantize", "-m", _folder.Path, "--to", "q8", "-o", _folder.File("made")).Success;
        string text = string.Concat(Enumerable.Repeat("ab abc b a ", 20));
        JsonElement file = JsonElement.Parse(Tool.Run("compare", "-m", _folder.File("made"), "--reference", _folder.Path, text, "--json").Success);
        JsonElement opened = JsonElement.Parse(Tool.Run("compare", "-m", _folder.Path, "--quant", "q8", text, "--json").Success);
        Assert.Equal(file.GetRawText(), opened.GetRawText());
        Assert.InRange(file.GetProperty("mean_divergence").GetDouble(), 1e-12, 0.01);
        Assert.InRange(file.GetProperty("same_top").GetDouble(), 0.8, 1);
        Assert.Contains("same most probable token", Tool.Run("compare", "-m", _folder.Path, "--quant", "q4", text).Success, StringComparison.Ordinal);
    }

    [Fact]
    public void Calibrates_on_a_text()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("ab abc b a ", 20)));
        Assert.Equal("", Tool.Run("quantize", "-m", _folder.Path, "--to", "q4", "--calibrate", text, "--calibrate-limit", "50", "-o", _folder.File("made")).Success);
        Assert.NotEqual("", Tool.Run("generate", "-m", _folder.File("made"), "ab ab", "-n", "8", "--temp", "0").Success);
        File.WriteAllText(text, " \n");
        Assert.Contains($"{text} holds no text", Tool.Run("quantize", "-m", _folder.Path, "--to", "q4", "--calibrate", text, "-o", _folder.File("other")).Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("other")));
        Assert.Contains("Could not find file", Tool.Run("quantize", "-m", _folder.Path, "--to", "q4", "--calibrate", _folder.File("none"), "-o", _folder.File("other")).Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--calibrate is for --to q4", "quantize", "--to", "q8", "-o", "x", "--calibrate", "y")]
    [InlineData("--calibrate-limit needs --calibrate", "quantize", "--to", "q4", "-o", "x", "--calibrate-limit", "5")]
    [InlineData("'q2' not recognized", "quantize", "--to", "q2", "-o", "x")]
    [InlineData("Option '--to' is required", "quantize", "-o", "x")]
    [InlineData("nothing to compare with", "compare", "ab")]
    [InlineData("--window is 1; allowed are 2 or more", "compare", "ab", "--quant", "q8", "--window", "1")]
    [InlineData("at least two are needed", "compare", "", "--quant", "q8")]
    public void What_cannot_be_is_refused(string message, params string[] args) =>
        Assert.Contains(message, Tool.Run([.. args, "-m", _folder.Path]).Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Fact]
    public void A_folder_that_holds_something_is_refused() =>
        Assert.Contains("is not empty", Tool.Run("quantize", "-m", _folder.Path, "--to", "q8", "-o", _folder.Path).Failure(), StringComparison.Ordinal);
}
