namespace HymbaSharp.Cli.Tests.Commands;

public sealed class BakeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public BakeTests() => SmallCheckpoint.Write(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_baked_is_what_chats_begin_with()
    {
        string baked = _folder.File("made.state"), context = _folder.File("context.txt");
        File.WriteAllText(context, "ab abc b a");
        Outcome outcome = Tool.Run("bake", "-m", _folder.Path, "--system", "a b", "--context", context, "-o", baked);
        Assert.Equal("", outcome.Success);
        Assert.Matches("made.state: [0-9]+ tokens, ", outcome.Error);
        string told = Tool.Run("generate", "-m", _folder.Path, "--chat", "--baked", baked, "ab", "-n", "8", "--temp", "0").Success;
        Assert.NotEqual(told, Tool.Run("generate", "-m", _folder.Path, "--chat", "ab", "-n", "8", "--temp", "0").Success);
        Assert.Contains(" kept)", Tool.Run("generate", "-m", _folder.Path, "--chat", "--baked", baked, "ab", "-n", "8", "--temp", "0").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("-o is missing", Tool.Run("bake", "-m", _folder.Path, "--system", "a").Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.Contains("nothing to bake", Tool.Run("bake", "-m", _folder.Path, "-o", _folder.File("x")).Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("x")));
    }
}
