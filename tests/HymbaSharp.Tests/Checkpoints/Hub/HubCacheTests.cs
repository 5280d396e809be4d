using CsCheck;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints.Hub;

public sealed class HubCacheTests
{
    private const string Home = "/home/someone";

    public static TheoryData<string, string> Folders => new()
    {
        { "", "/home/someone/.cache/huggingface/hub" },
        { "XDG_CACHE_HOME=/xdg", "/xdg/huggingface/hub" },
        { "XDG_CACHE_HOME=/xdg;HF_HOME=/hf", "/hf/hub" },
        { "XDG_CACHE_HOME=/xdg;HF_HOME=/hf;HF_HUB_CACHE=/models", "/models" },
        { "HF_HUB_CACHE= ;HF_HOME=", "/home/someone/.cache/huggingface/hub" },
        { "HF_HOME=~/hf", "/home/someone/hf/hub" },
        { "HF_HUB_CACHE=~", "/home/someone" },
        { "HF_HUB_CACHE=~other", "~other" },
    };

    [Theory]
    [MemberData(nameof(Folders))]
    public void The_environment_names_the_cache(string variables, string folder) =>
        Assert.Equal(folder.Replace('/', Path.DirectorySeparatorChar), Variables(variables).CacheFolder.Replace('/', Path.DirectorySeparatorChar));

    [Fact]
    public void The_environment_names_endpoint_and_token()
    {
        string folder = Directory.CreateTempSubdirectory("hymbasharp-hub-").FullName;
        File.WriteAllText(Path.Combine(folder, "token"), "from-home\n");
        File.WriteAllText(Path.Combine(folder, "other"), " from-path ");
        Assert.Equal("direct", HubClientOptions.From(Variables($"HF_TOKEN=direct;HF_HOME={folder}")).Token);
        Assert.Equal("from-home", HubClientOptions.From(Variables($"HF_HOME={folder}")).Token);
        Assert.Equal("from-path", HubClientOptions.From(Variables($"HF_HOME={folder};HF_TOKEN_PATH={folder}/other")).Token);
        Assert.Null(HubClientOptions.From(Variables($"HF_HOME={folder}/none")).Token);
        Assert.Contains("HF_TOKEN_PATH", Assert.Throws<HubException>(() => HubClientOptions.From(Variables($"HF_TOKEN_PATH={folder}"))).Message, StringComparison.Ordinal);

        Assert.Equal("https://huggingface.co/", HubClientOptions.From(Variables("HF_TOKEN=x")).Endpoint.AbsoluteUri);
        Assert.Equal("https://mirror.example/hf", HubClientOptions.From(Variables("HF_TOKEN=x;HF_ENDPOINT=https://mirror.example/hf")).Endpoint.AbsoluteUri);
        Assert.Contains("'mirror'", Assert.Throws<HubException>(() => HubClientOptions.From(Variables("HF_TOKEN=x;HF_ENDPOINT=mirror"))).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    public static TheoryData<string, HubClientOptions> BadOptions => new()
    {
        { "MaxConnections is 0: allowed is 1 to 32", new() { MaxConnections = 0 } },
        { "MaxConnections is 33", new() { MaxConnections = 33 } },
        { "Retries is -1: allowed is 0 to 20", new() { Retries = -1 } },
        { "ConnectTimeout is 00:00:00: allowed is above zero", new() { ConnectTimeout = TimeSpan.Zero } },
        { "StallTimeout is 02:00:00", new() { StallTimeout = TimeSpan.FromHours(2) } },
        { "LockTimeout is -00:00:01", new() { LockTimeout = TimeSpan.FromSeconds(-1) } },
        { "endpoint is 'ftp://x'", new() { Endpoint = new("ftp://x") } },
        { "endpoint is '/x'", new() { Endpoint = new("/x", UriKind.Relative) } },
        { "endpoint is 'https://a:b@x'", new() { Endpoint = new("https://a:b@x") } },
        { "access token", new() { Token = "" } },
        { "access token", new() { Token = "hf_a\r\nX: y" } },
    };

    [Theory]
    [MemberData(nameof(BadOptions), DisableDiscoveryEnumeration = true)]
    public void Refuses_options_out_of_range(string message, HubClientOptions options) =>
        Assert.Contains(message, Assert.Throws<HubException>(() => new HubClient(new("cache"), options)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("config.json model.safetensors", true)]
    [InlineData("model.safetensors", false)]
    [InlineData("config.json", false)]
    [InlineData("config.json model-00001-of-00002.safetensors", false)]
    [InlineData("config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors", true)]
    [InlineData("config.json model.safetensors.index.json=a.safetensors,b.safetensors a.safetensors", false)]
    [InlineData("config.json model.safetensors.index.json=a.safetensors,b.safetensors a.safetensors b.safetensors", true)]
    [InlineData("config.json model.safetensors.index.json=../../../x a.safetensors", false)]
    [InlineData("config.json model.safetensors.index.json= a.safetensors", false)]
    [InlineData("config.json broken:model.safetensors", false)]
    public void Finds_complete_checkpoints_only(string files, bool complete)
    {
        using FakeHub hub = new();
        Directory.CreateDirectory(hub.Snapshot);
        Directory.CreateDirectory(Path.Combine(hub.Root, "refs"));
        File.WriteAllText(Path.Combine(hub.Root, "refs", "main"), hub.Commit + "\n");
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(hub.Cache.Folder)!, "x"), "");
        foreach (string file in files.Split(' '))
        {
            if (file.StartsWith("broken:", StringComparison.Ordinal))
                File.CreateSymbolicLink(Path.Combine(hub.Snapshot, file["broken:".Length..]), Path.Combine("..", "..", "blobs", "missing"));
            else if (file.Split('=') is [var index, var shards])
                File.WriteAllText(Path.Combine(hub.Snapshot, index),
                    $"{{\"weight_map\":{{{string.Join(',', shards.Split(',', StringSplitOptions.RemoveEmptyEntries).Select((shard, i) => $"\"t{i}\":\"{shard}\""))}}}}}");
            else
                File.WriteAllText(Path.Combine(hub.Snapshot, file), "");
        }
        Assert.Equal(complete ? hub.Snapshot : null, hub.Cache.Find(FakeHub.Repository));
        Assert.Equal(complete, Assert.Single(Assert.Single(hub.Cache.List()).Revisions).IsComplete);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[garbage")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map":5}""")]
    [InlineData("""{"weight_map":{}}""")]
    [InlineData("""{"weight_map":{"t":null}}""")]
    [InlineData("""{"weight_map":{"t":5}}""")]
    [InlineData("""{"weight_map":{"t":"\ud800"}}""")]
    public async Task A_damaged_index_makes_a_checkpoint_incomplete(string contents)
    {
        using FakeHub hub = new();
        hub.Files["model.safetensors.index.json"] = System.Text.Encoding.UTF8.GetBytes(contents);
        await hub.PullAsync();
        Assert.Null(hub.Cache.Find(FakeHub.Repository));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../..")]
    [InlineData("no commit")]
    public void A_damaged_reference_finds_nothing(string contents)
    {
        using FakeHub hub = new();
        Directory.CreateDirectory(Path.Combine(hub.Root, "refs"));
        File.WriteAllText(Path.Combine(hub.Root, "refs", "main"), contents);
        // What a path upwards would lead to.
        Directory.CreateDirectory(Path.Combine(hub.Root, "snapshots"));
        File.WriteAllText(Path.Combine(hub.Cache.Folder, "config.json"), "");
        File.WriteAllText(Path.Combine(hub.Cache.Folder, FakeHub.Weights), "");
        Assert.Null(hub.Cache.Find(FakeHub.Repository));
        Assert.Null(hub.Cache.Find(FakeHub.Repository, "refs"));
        Assert.Empty(Assert.Single(hub.Cache.List()).Revisions);
    }

    [Fact]
    public async Task Lists_what_is_there()
    {
        using FakeHub hub = new();
        Assert.Empty(hub.Cache.List());
        await hub.PullAsync();
        await hub.PullAsync("stable");
        string first = hub.Commit;
        hub.Commit = new('d', 40);
        hub.Files["config.json"] = "{\"changed\":1}"u8.ToArray();
        await hub.PullAsync();
        Directory.CreateDirectory(Path.Combine(hub.Cache.Folder, "datasets--a--b"));
        Directory.CreateDirectory(Path.Combine(hub.Cache.Folder, "models--gpt2"));

        CachedRepository repository = Assert.Single(hub.Cache.List());
        Assert.Equal(FakeHub.Repository, repository.Name);
        Assert.Equal(100_000 + 2 + 22 + 13 + 40 + 40, repository.BytesOnDisk); // three blobs, the older configuration, two references
        Assert.InRange(repository.LastUsed, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal([first, hub.Commit], repository.Revisions.Select(revision => revision.Commit));
        Assert.Equal(["stable", "main"], repository.Revisions.SelectMany(revision => revision.Names));
        Assert.All(repository.Revisions, revision => Assert.True(revision.IsComplete));
        Assert.Equal(hub.Snapshot, repository.Revisions[1].Folder);
    }

    [Fact]
    public async Task Removes_a_repository_and_reports_what_that_freed()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        string leftover = Path.Combine(hub.Cache.Folder, ".hymbasharp-removed-before");
        Directory.CreateDirectory(leftover);
        Assert.Equal(100_000 + 22 + 2 + 40, hub.Cache.Remove(FakeHub.Repository));
        Assert.False(Path.Exists(hub.Root));
        Assert.False(Path.Exists(leftover));
        Assert.Empty(hub.Cache.List());
        Assert.Contains("is not in the cache", Assert.Throws<HubException>(() => hub.Cache.Remove(FakeHub.Repository)).Message, StringComparison.Ordinal);
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Fact]
    public async Task Does_not_remove_what_is_being_downloaded()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        string path = Path.Combine(hub.Cache.Folder, ".locks", "models--nvidia--Hymba-tiny", hub.WeightsEtag + ".lock");
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.Contains("is being downloaded", Assert.Throws<HubException>(() => hub.Cache.Remove(FakeHub.Repository)).Message, StringComparison.Ordinal);
        hub.AssertPulled();
        Assert.True(hub.Cache.Remove(FakeHub.Repository) > 0);
    }

    [Fact]
    public void A_range_set_holds_what_an_array_of_bytes_would()
    {
        Gen.Int[0, 40].Select(Gen.Int[0, 12]).Array[0, 12].Sample(added =>
        {
            const int Length = 45;
            bool[] expected = new bool[64];
            RangeSet set = new();
            foreach ((int start, int length) in added)
            {
                int before = expected.Count(covered => covered);
                Array.Fill(expected, true, start, length);
                Assert.Equal(expected.Count(covered => covered) - before, set.Add(new(start, start + length)));
            }
            Assert.Equal(expected.Count(covered => covered), set.Count);
            bool[] actual = [.. Enumerable.Repeat(true, Length)];
            foreach (ByteRange gap in set.Missing(Length))
                Array.Fill(actual, false, (int)gap.Start, (int)gap.Length);
            Assert.Equal(expected[..Length], actual);
            Assert.All(set.Ranges.Zip(set.Ranges.Skip(1)), pair => Assert.True(pair.First.End < pair.Second.Start));
        });
    }

    private static HubEnvironment Variables(string text)
    {
        Dictionary<string, string> variables = text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return new(name => name == "HOME" ? Home : variables.GetValueOrDefault(name));
    }
}
