namespace HymbaSharp.Cli.Tests.Commands;

public sealed class InitTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public InitTests() => SmallCheckpoint.WriteFiles(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_seed_gives_the_same_weights_and_another_seed_others()
    {
        byte[] Weights(string name, string seed)
        {
            _ = Tool.Run("init", _folder.File("config.json"), _folder.File(name), "--seed", seed).Success;
            return File.ReadAllBytes(_folder.File(name, "model.safetensors"));
        }
        byte[] weights = Weights("a", "1");
        Assert.Equal(weights, Weights("b", "1"));
        Assert.NotEqual(weights, Weights("c", "2"));
    }

    [Fact]
    public void The_checkpoint_has_all_it_needs_to_run()
    {
        string target = _folder.File("made");
        Outcome outcome = Tool.Run("init", _folder.Path, target, "--type", "bf16");
        Assert.Equal("", outcome.Success);
        Assert.Contains("parameters", outcome.Error, StringComparison.Ordinal);
        string report = Tool.Run("inspect", target).Success;
        Assert.Contains("BF16", report, StringComparison.Ordinal);
        Assert.Contains("269 tokens", report, StringComparison.Ordinal);
        Assert.Contains("Chat template     yes", report, StringComparison.Ordinal);
        Assert.DoesNotContain("problem", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_are_there_are_never_replaced()
    {
        _ = Tool.Run("init", _folder.Path, _folder.File("made")).Success;
        Assert.Contains("already holds model.safetensors", Tool.Run("init", _folder.Path, _folder.File("made")).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_interrupted_no_weights_are_left()
    {
        using Interrupts interrupts = new();
        _ = interrupts.Raise(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Outcome outcome = await Tool.RunAsync("", interrupts, "init", _folder.Path, _folder.File("made"));
        Assert.Equal(130, outcome.Code);
        Assert.Equal("", outcome.Error);
        Assert.Empty(Directory.GetFiles(_folder.File("made")));
    }

    [Theory]
    [InlineData("--seed is '-1'", "--seed", "-1")]
    [InlineData("'f64' not recognized", "--type", "f64")]
    public void What_cannot_be_is_refused(string message, params string[] args) =>
        Assert.Contains(message, Tool.Run(["init", _folder.Path, _folder.File("made"), .. args]).Failure(ToolRunner.Misused), StringComparison.Ordinal);

    [Fact]
    public void A_missing_configuration_is_named() =>
        Assert.Contains("nowhere", Tool.Run("init", _folder.File("nowhere"), _folder.File("made")).Failure(), StringComparison.Ordinal);
}
