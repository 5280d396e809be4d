namespace HymbaSharp.Cli.Tests.Commands;

public sealed class ServeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public ServeTests() => SmallCheckpoint.Write(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--port 70000", "Port is 70000; allowed: 0 to 65535")]
    [InlineData("--port many", "--port is 'many'")]
    [InlineData("--host nowhere", "Host is nowhere")]
    [InlineData("--parallel 0", "MaxSequences is 0")]
    [InlineData("--tls-cert x.pem", "TlsKey is null")]
    [InlineData("--tls-cert x.pem --tls-key y.pem", "x.pem")]
    [InlineData("--cors-origins example", "CorsOrigins is example")]
    [InlineData("--api-key-file nowhere.txt", "--api-key-file nowhere.txt can't be read")]
    [InlineData("--rate-limit 0", "RequestsPerMinute is 0")]
    [InlineData("--timeout 0", "RequestTimeout is 00:00:00")]
    [InlineData("--max-body 0", "MaxBodyBytes is 0")]
    [InlineData("--baked nowhere.state", "nowhere.state")]
    public void What_is_wrong_is_named_before_it_listens(string options, string said)
    {
        Outcome outcome = Tool.Run(["serve", "-m", _folder.Path, .. options.Split(' ')]);
        Assert.NotEqual(0, outcome.Code);
        Assert.Contains(said, outcome.Error, StringComparison.Ordinal);
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public void Keys_stand_on_lines_of_a_file()
    {
        string keys = _folder.File("keys.txt");
        File.WriteAllText(keys, "# none\n\n");
        Assert.Contains("holds no key", Tool.Run("serve", "-m", _folder.Path, "--api-key-file", keys).Failure(ToolRunner.Misused), StringComparison.Ordinal);
        File.WriteAllText(keys, "a key with spaces\n");
        Assert.Contains("ApiKeys is a key of", Tool.Run("serve", "-m", _folder.Path, "--api-key-file", keys).Failure(), StringComparison.Ordinal);
    }
}
