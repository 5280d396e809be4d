using System.Text;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints.Hub;

/// <summary>Lists of files that are hostile, damaged or none.</summary>
public sealed class RepositoryListingTests
{
    [Theory]
    [InlineData("../config.json")]
    [InlineData("/etc/config.json")]
    [InlineData("a/../../x.safetensors")]
    [InlineData("./config.json")]
    [InlineData("a//x.safetensors")]
    [InlineData("..\\x.safetensors")]
    [InlineData("C:\\x.safetensors")]
    [InlineData("x\n.safetensors")]
    [InlineData("x\0.safetensors")]
    [InlineData("x:y.safetensors")]
    [InlineData(" x.safetensors")]
    [InlineData(".safetensors")]
    [InlineData("\u202e.safetensors")]
    [InlineData("CONFIG.json.safetensors", false)]
    public async Task Refuses_hostile_file_names(string name, bool hostile = true)
    {
        using FakeHub hub = new();
        hub.Files[name] = [1, 2, 3];
        if (!hostile)
        {
            await hub.PullAsync();
            hub.AssertPulled();
            return;
        }
        Assert.Contains("no safe file name", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.Single(hub.Hub.Requests);
        Assert.False(Directory.Exists(hub.Cache.Folder));
    }

    [Fact]
    public async Task Refuses_names_that_differ_only_in_case()
    {
        using FakeHub hub = new();
        hub.Files["Model.safetensors"] = [1];
        Assert.Contains("twice", await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData(FakeHub.Weights)]
    public async Task Refuses_a_repository_that_is_no_checkpoint(string missing)
    {
        using FakeHub hub = new();
        hub.Files.Remove(missing);
        Assert.Contains("needs config.json and weights", await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Sign in</html>")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"sha":5,"siblings":[]}""")]
    [InlineData("""{"sha":"../../x","siblings":[]}""")]
    [InlineData("""{"sha":null,"siblings":[]}""")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":{}}""")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[7]}""")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":7}]}""")]
    [InlineData("""{"sha":"cccccccccccccccccccccccccccccccccccccccc","siblings":[{"rfilename":"\ud800.safetensors"}]}""")]
    public async Task Refuses_a_file_list_that_is_none(string json)
    {
        using FakeHub hub = new();
        hub.OnHub = _ => new(200, json);
        Assert.Contains(new Uri(hub.Hub.Address).Authority, await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("9000000000000000000")]
    [InlineData("1e300")]
    [InlineData("\"12\"")]
    public async Task Refuses_absurd_lengths(string size)
    {
        using FakeHub hub = new();
        string listing = hub.Listing().Replace("\"size\":100000", $"\"size\":{size}", StringComparison.Ordinal);
        hub.OnHub = request => request.Target.StartsWith("/api/", StringComparison.Ordinal) ? new(200, listing)
            : request.Method == "HEAD" ? new(200, "x") { ContentLength = 99L << 50, Headers = new() { ["ETag"] = "\"x\"" } } : null;
        Assert.Matches("gives .* bytes as the length|more are needed", await hub.FailAsync());
    }

    [Fact]
    public async Task A_damaged_file_list_ends_in_an_error_or_a_pull_and_nowhere_else()
    {
        using FakeHub hub = new(weights: 10);
        hub.Options = hub.Options with { Retries = 0 };
        byte[] listing = Encoding.UTF8.GetBytes(hub.Listing());
        Random random = new(7);
        byte[] mutated = [];
        hub.OnHub = request => request.Target.StartsWith("/api/", StringComparison.Ordinal) ? new(200, mutated) : null;
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            mutated = [.. listing[..(i % 3 == 0 ? random.Next(listing.Length) : listing.Length)]];
            for (int flips = random.Next(4); flips > 0 && mutated.Length > 0; flips--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            try
            {
                await hub.PullAsync();
            }
            catch (HubException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 299);
        Assert.Equal([hub.Cache.Folder], Directory.GetFileSystemEntries(Path.GetDirectoryName(hub.Cache.Folder)!));
    }

    [Fact]
    public async Task An_endless_file_list_is_cut_off()
    {
        using FakeHub hub = new();
        hub.OnHub = _ => new(200, new byte[17 << 20]);
        Assert.Contains("file list of more than", await hub.FailAsync(), StringComparison.Ordinal);
    }
}
