using System.Runtime.InteropServices;

namespace HymbaSharp.Cli.Tests.Commands;

/// <summary>pull, list and rm.</summary>
public sealed class CacheTests : IDisposable
{
    private readonly TestFolder _cache = new();
    private readonly string? _before = Environment.GetEnvironmentVariable("HF_HUB_CACHE");

    public CacheTests() => Environment.SetEnvironmentVariable("HF_HUB_CACHE", _cache.Path);

    private string Snapshot => _cache.File("models--nvidia--Hymba-tiny", "snapshots", LocalHub.Commit);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", _before);
        _cache.Dispose();
    }

    [Fact]
    public void A_pulled_model_is_listed_found_and_removed()
    {
        using LocalHub hub = new(weights: 1000);
        Outcome pull = Tool.Run("pull", LocalHub.Repository, "--endpoint", hub.Address);
        Assert.Equal(Snapshot + "\n", pull.Success);
        Assert.Contains("1.02 KB complete", pull.Error, StringComparison.Ordinal);
        Assert.Equal(hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(Snapshot, "model.safetensors")));

        string listed = Tool.Run("list").Success;
        Assert.Contains(LocalHub.Repository, listed, StringComparison.Ordinal);
        Assert.Contains("complete", listed, StringComparison.Ordinal);
        Assert.Equal(listed, Tool.Run("ls").Success);
        // The name leads to the folder: what is wrong with this model is found there.
        Assert.Contains(Snapshot, Tool.Run("inspect", LocalHub.Repository).Failure(), StringComparison.Ordinal);

        Assert.Contains("1.06 KB freed", Tool.Run("rm", LocalHub.Repository, "--yes").Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Snapshot));
        Assert.Equal("", Tool.Run("list").Success);
    }

    [Fact]
    public void Generate_pulls_a_model_that_is_not_there_yet_and_only_then()
    {
        using TestFolder folder = new();
        SmallCheckpoint.Write(folder);
        using LocalHub hub = new();
        hub.Files.Clear();
        foreach (string file in Directory.GetFiles(folder.Path))
            hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        string? before = Environment.GetEnvironmentVariable("HF_ENDPOINT");
        Environment.SetEnvironmentVariable("HF_ENDPOINT", hub.Address);
        try
        {
            string[] command = ["generate", "-m", LocalHub.Repository, "--temp", "0", "-n", "3", "a b"];
            Assert.Contains("hymba pull", Tool.Run(command).Failure(), StringComparison.Ordinal);
            string first = Tool.Run([.. command, "--pull"]).Success;
            hub.Requests.Clear();
            Assert.Equal(first, Tool.Run([.. command, "--pull"]).Success);
            Assert.Empty(hub.Requests);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_ENDPOINT", before);
        }
        Assert.Equal("--pull needs a model: name one of the hub with -m, owner/name.", Tool.Run("chat", "--pull").Failure(ToolRunner.Misused));
    }

    [Fact]
    public async Task An_interrupted_pull_keeps_what_is_there_and_the_next_one_goes_on()
    {
        using LocalHub hub = new() { SilentAfter = 12_000_000 };
        using Interrupts interrupts = new();
        Task<Outcome> pull = Tool.RunAsync("", interrupts, "pull", LocalHub.Repository, "--endpoint", hub.Address);
        await hub.Silent.Task.WaitAsync(TimeSpan.FromSeconds(20));
        _ = interrupts.Raise(PosixSignal.SIGINT);
        Outcome outcome = await pull;
        Assert.Equal(130, outcome.Code);
        Assert.Contains("stopped; what is downloaded is kept", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("incomplete: pull again", Tool.Run("list").Success, StringComparison.Ordinal);

        hub.SilentAfter = int.MaxValue;
        hub.Requests.Clear();
        _ = Tool.Run("pull", LocalHub.Repository, "--endpoint", hub.Address).Success;
        Assert.Equal(hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(Snapshot, "model.safetensors")));
        string[] ranges = [.. hub.Requests.Where(request => request.Contains("model.safetensors", StringComparison.Ordinal))
            .SelectMany(request => request.Split('\n')).Where(line => line.StartsWith("Range:", StringComparison.Ordinal))];
        Assert.NotEmpty(ranges);
        Assert.DoesNotContain(ranges, range => range.Contains("=0-", StringComparison.Ordinal));
    }

    [Fact]
    public void The_endpoint_comes_from_the_environment_too()
    {
        using LocalHub hub = new(weights: 1000);
        Environment.SetEnvironmentVariable("HF_ENDPOINT", hub.Address);
        try
        {
            Assert.Equal(Snapshot + "\n", Tool.Run("pull", LocalHub.Repository + "@v1").Success);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_ENDPOINT", null);
        }
        Assert.Contains("/revision/v1", hub.Requests.First(), StringComparison.Ordinal);
        Assert.Contains(LocalHub.Repository + "@v1", Tool.Run("list").Success, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_of_other_families_are_listed_only_on_demand()
    {
        using LocalHub hub = new(weights: 1000);
        hub.Files["config.json"] = "{\"model_type\":\"llama\"}"u8.ToArray();
        _ = Tool.Run("pull", LocalHub.Repository, "--endpoint", hub.Address).Success;
        Outcome list = Tool.Run("list");
        Assert.Equal("", list.Success);
        Assert.Contains("1 of other families", list.Error, StringComparison.Ordinal);
        Assert.Contains(LocalHub.Repository, Tool.Run("list", "--all").Success, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_deleted_where_nobody_can_be_asked()
    {
        using LocalHub hub = new(weights: 1000);
        _ = Tool.Run("pull", LocalHub.Repository, "--endpoint", hub.Address).Success;
        Assert.Contains("--yes", Tool.Run("rm", LocalHub.Repository).Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.True(Directory.Exists(Snapshot));
        Assert.Contains("'a/b' is not in the cache", Tool.Run("rm", "a/b", "--yes").Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_pulled_is_refused()
    {
        using LocalHub hub = new(weights: 1000);
        Assert.Contains("other/model", Tool.Run("pull", "other/model", "--endpoint", hub.Address).Failure(), StringComparison.Ordinal);
        Assert.Contains("no-slash", Tool.Run("pull", "no-slash", "--endpoint", hub.Address).Failure(), StringComparison.Ordinal);
        Assert.Contains("--endpoint is 'nowhere'", Tool.Run("pull", "a/b", "--endpoint", "nowhere").Failure(ToolRunner.Misused), StringComparison.Ordinal);
        Assert.Contains("MaxConnections is 99", Tool.Run("pull", "a/b", "--connections", "99").Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_there_is_answered_with_how_to_get_it() =>
        Assert.Contains("hymba pull nvidia/Hymba-1.5B-Instruct", Tool.Run("tokenize", "-m", "nvidia/Hymba-1.5B-Instruct", "a").Failure(), StringComparison.Ordinal);
}
