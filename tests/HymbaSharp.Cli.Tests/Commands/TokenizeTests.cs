using System.Text.Json;

namespace HymbaSharp.Cli.Tests.Commands;

public sealed class TokenizeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public TokenizeTests() => SmallCheckpoint.WriteFiles(_folder);

    private string Model => _folder.Path;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ids_stand_on_one_line_without_special_tokens()
    {
        Assert.Equal("268\n", Tool.Run("tokenize", "-m", Model, "abc").Success);
        Assert.Equal("268\n", Tool.Run("tokenize", "-m", Model, "--no-special", "abc").Success);
        Assert.Equal("1 268\n", Tool.Run("tokenize", "-m", Model, "--special", "abc").Success);
        Assert.Equal("1 268\n", Tool.Run("tokenize", "-m", Model, "--bos", "abc").Success);
    }

    [Fact]
    public void The_text_comes_from_argument_option_file_or_input_unchanged()
    {
        string file = _folder.Write("text.txt", "abc\n");
        Assert.Equal("268 13\n", Tool.Run("tokenize", "-m", Model, "-f", file).Success);
        Assert.Equal("268 13\n", Tool.RunWith("abc\n", "tokenize", "-m", Model).Success);
        Assert.Equal("268 13\n", Tool.RunWith("abc\n", "tokenize", "-m", Model, "-f", "-").Success);
        Assert.Equal("268\n", Tool.Run("tokenize", "-m", Model, "-p", "abc").Success);
        Assert.Equal("\n", Tool.Run("tokenize", "-m", Model).Success);
    }

    [Fact]
    public void Special_tokens_in_the_text_are_recognised_unless_forbidden()
    {
        Assert.StartsWith("2 ", Tool.Run("tokenize", "-m", Model, "</s>a").Success, StringComparison.Ordinal);
        Assert.DoesNotContain("2", Tool.Run("tokenize", "-m", Model, "--no-parse-special", "</s>a").Success.Split([' ', '\n']));
    }

    [Fact]
    public void Pieces_are_shown_one_to_a_line() =>
        Assert.Equal("      1  <s>\n    266  ▁ab\n     13  <0x0A>\n", Tool.Run("tokenize", "-m", Model, "--pieces", "--special", "ab\n").Success);

    [Fact]
    public void Decoding_gives_the_text_back()
    {
        string ids = Tool.Run("tokenize", "-m", Model, "abc ä\n").Success;
        Assert.Equal("abc ä\n\n", Tool.RunWith(ids, "tokenize", "-m", Model, "--decode").Success);
        Assert.Equal("abc\n", Tool.Run("tokenize", "-m", Model, "--decode", "[268]").Success);
    }

    [Fact]
    public void Json_goes_both_ways_on_one_line()
    {
        string[] texts = ["abc", "", "ä \"\n"];
        string ids = Tool.RunWith(JsonSerializer.Serialize(texts), "tokenize", "-m", Model, "--json").Success;
        Assert.Equal([268], JsonSerializer.Deserialize<int[][]>(ids)![0]);
        Assert.Single(ids.TrimEnd('\n').Split('\n'));
        Assert.Equal(texts, JsonSerializer.Deserialize<string[]>(Tool.RunWith(ids, "tokenize", "-m", Model, "--json", "--decode").Success)!);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("[null]")]
    [InlineData("")]
    [InlineData("[\"a\"")]
    public void Input_that_is_no_array_of_texts_is_refused(string input) =>
        Assert.Contains("no JSON array of texts", Tool.RunWith(input, "tokenize", "-m", Model, "--json").Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Theory]
    [InlineData("no token", "tokenize", "--decode", "1 269")]
    [InlineData("'x' at index 1", "tokenize", "--decode", "1 x")]
    [InlineData("'99999999999' at index 0", "tokenize", "--decode", "99999999999")]
    [InlineData("exclude each other", "tokenize", "--special", "--no-special", "a")]
    [InlineData("--pieces", "tokenize", "--json", "--pieces")]
    [InlineData("more than once", "tokenize", "a", "-p", "b")]
    public void What_cannot_be_is_refused(string message, params string[] args) =>
        Assert.Contains(message, Tool.Run([.. args, "-m", Model]).Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_and_a_missing_tokenizer_are_named()
    {
        Assert.Contains("nowhere.txt", Tool.Run("tokenize", "-m", Model, "-f", _folder.File("nowhere.txt")).Failure(), StringComparison.Ordinal);
        Assert.Contains("tokenizer.model", Tool.Run("tokenize", "-m", TestData.Reference("ntk-shared-kv"), "a").Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_published_tokenizers_ids_come_out_for_every_reference_case()
    {
        string model = TestData.Shared("reference", "hymba-1.5b");
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(TestData.Shared("reference", "tokenizer", "encode_cases.json")));
        JsonElement[] all = [.. cases.RootElement.EnumerateArray()];
        string texts = JsonSerializer.Serialize(all.Select(item => item.GetProperty("text")));
        int[][] Expected(string name) => [.. all.Select(item => item.GetProperty(name).Deserialize<int[]>()!)];
        Assert.Equal(59, all.Length);
        Assert.Equal(Expected("ids"), JsonSerializer.Deserialize<int[][]>(Tool.RunWith(texts, "tokenize", "-m", model, "--json").Success));
        Assert.Equal(Expected("ids"), JsonSerializer.Deserialize<int[][]>(Tool.RunWith(texts, "tokenize", "-m", model, "--json", "--no-special").Success));
        Assert.Equal(Expected("ids_with_bos"), JsonSerializer.Deserialize<int[][]>(Tool.RunWith(texts, "tokenize", "-m", model, "--json", "--special").Success));
    }
}
