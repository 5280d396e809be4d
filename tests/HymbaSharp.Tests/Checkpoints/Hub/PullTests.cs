using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints.Hub;

public sealed class PullTests
{
    [Fact]
    public async Task Lays_the_cache_out_as_other_tools_do()
    {
        using FakeHub hub = new();
        Assert.Equal(hub.Snapshot, await hub.PullAsync());
        hub.AssertPulled();
        Assert.Equal(hub.Commit, File.ReadAllText(Path.Combine(hub.Root, "refs", "main")));
        foreach (string name in hub.Files.Keys)
        {
            Assert.Equal(hub.Files[name], File.ReadAllBytes(Path.Combine(hub.Blobs, hub.Etag(name))));
            if (!OperatingSystem.IsWindows())
                Assert.Equal($"../../blobs/{hub.Etag(name)}", new FileInfo(Path.Combine(hub.Snapshot, name)).LinkTarget);
        }
        Assert.Equal(hub.Snapshot, hub.Cache.Find(FakeHub.Repository));
    }

    [Fact]
    public async Task Takes_the_checkpoint_and_neither_code_nor_pickles()
    {
        using FakeHub hub = new();
        string[] wanted = ["generation_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "tokenizer_config.json",
            "chat_template.jinja", "model-00002.safetensors", "model.safetensors.index.json", "LICENSE", "README.md"];
        string[] others = ["pytorch_model.bin", "modeling_hymba.py", "tokenizer.py", "tokenizer.bin", "training_args.pkl", ".gitattributes", "LICENSE.exe",
            "images/a.png", "onnx/model.safetensors", ".cache/config.json"];
        foreach (string name in wanted.Concat(others))
            hub.Files[name] = FakeHub.Bytes(50, name.Length);
        await hub.PullAsync();
        string[] expected = [.. hub.Files.Keys.Except(others).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, Directory.GetFiles(hub.Snapshot).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal(["snapshots/" + hub.Commit], Directory.GetDirectories(Path.Combine(hub.Root, "snapshots")).Select(path => Path.GetRelativePath(hub.Root, path)));
    }

    [Fact]
    public async Task Asks_for_every_byte_once_over_several_connections()
    {
        using FakeHub hub = new(weights: 1_000_000);
        await hub.PullAsync();
        hub.AssertPulled();
        long next = 0;
        foreach ((long from, long to) in hub.WeightRanges.Order())
        {
            Assert.Equal(next, from);
            next = to + 1;
        }
        Assert.Equal(1_000_000, next);
        Assert.True(hub.Large.Requests.Count > 50);
    }

    [Fact]
    public async Task A_second_pull_downloads_nothing()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        int before = hub.Hub.Requests.Count;
        Reports reports = new();
        await hub.PullAsync(progress: reports);
        Assert.Equal(before + 1, hub.Hub.Requests.Count); // the list of files
        Assert.Equal(reports.All[^1].Bytes, reports.All[^1].BytesDone);
        Assert.DoesNotContain(reports.All, report => report.Phase == PullPhase.Verifying);
    }

    [Fact]
    public async Task A_new_commit_downloads_only_what_changed()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        hub.Commit = new('d', 40);
        hub.Files["config.json"] = "{\"changed\":1}"u8.ToArray();
        int before = hub.Large.Requests.Count;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(before, hub.Large.Requests.Count);
        Assert.Equal(hub.Commit, File.ReadAllText(Path.Combine(hub.Root, "refs", "main")));
    }

    [Fact]
    public async Task A_commit_gets_no_reference_and_a_branch_with_a_slash_does()
    {
        using FakeHub hub = new();
        await hub.PullAsync(hub.Commit);
        Assert.False(Directory.Exists(Path.Combine(hub.Root, "refs")));
        Assert.Equal(hub.Snapshot, hub.Cache.Find(FakeHub.Repository, hub.Commit));
        await hub.PullAsync("refs/pr/1");
        Assert.Contains(hub.Hub.Requests, request => request.Target.Contains("/revision/refs%2Fpr%2F1?blobs=true", StringComparison.Ordinal));
        Assert.Equal(hub.Commit, File.ReadAllText(Path.Combine(hub.Root, "refs", "refs", "pr", "1")));
    }

    [Fact]
    public async Task Without_links_the_snapshot_holds_the_files()
    {
        using FakeHub hub = new();
        hub.Files["tokenizer_config.json"] = hub.Files["tokenizer.json"]; // one blob, two names
        hub.Cache = new(hub.Cache.Folder) { AllowLinks = false };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Empty(Directory.GetFiles(hub.Blobs));
        Assert.All(hub.Files.Keys, name => Assert.Null(new FileInfo(Path.Combine(hub.Snapshot, name)).LinkTarget));
        int before = hub.Large.Requests.Count;
        await hub.PullAsync();
        Assert.Equal(before, hub.Large.Requests.Count);
    }

    [Fact]
    public async Task Without_links_a_blob_that_was_there_stays()
    {
        using FakeHub hub = new();
        Directory.CreateDirectory(hub.Blobs);
        string blob = Path.Combine(hub.Blobs, hub.WeightsEtag);
        File.WriteAllBytes(blob, hub.Files[FakeHub.Weights]);
        hub.Cache = new(hub.Cache.Folder) { AllowLinks = false };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.True(File.Exists(blob));
        Assert.Empty(hub.Large.Requests);
    }

    [Fact]
    public async Task Equal_files_are_downloaded_once()
    {
        using FakeHub hub = new();
        hub.Files["tokenizer_config.json"] = hub.Files["tokenizer.json"];
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Single(hub.Hub.Requests, request => request.Target.Contains("tokenizer", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 << 10)]
    [InlineData((16 << 10) + 1)]
    public async Task Takes_files_of_any_length(int length)
    {
        using FakeHub hub = new(length);
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Fact]
    public async Task Asks_file_by_file_where_the_list_gives_no_hashes()
    {
        using FakeHub hub = new() { ListsBlobs = false };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(hub.Files.Count, hub.Hub.Requests.Count(request => request.Method == "HEAD"));
        Assert.DoesNotContain(hub.Large.Requests, request => request.Method == "HEAD");
        Assert.True(File.Exists(Path.Combine(hub.Blobs, hub.WeightsEtag)));
    }

    [Fact]
    public async Task Takes_a_mirror_whose_etags_are_no_hashes()
    {
        using FakeHub hub = new() { ListsBlobs = false };
        hub.OnHub = request => request.Target.EndsWith("tokenizer.json", StringComparison.Ordinal)
            ? new(200, hub.Files["tokenizer.json"]) { Headers = new() { ["ETag"] = "W/\"65f1-abc\"" } }
            : null;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.True(File.Exists(Path.Combine(hub.Blobs, "65f1-abc")));
    }

    [Theory]
    [InlineData("../../../escape")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("")]
    public async Task Refuses_an_etag_that_is_no_file_name(string etag)
    {
        using FakeHub hub = new() { ListsBlobs = false };
        hub.OnHub = request => request.Method == "HEAD" ? new(200, "{}") { Headers = new() { ["ETag"] = $"\"{etag}\"" } } : null;
        Assert.Contains("no usable ETag for config.json", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(hub.Cache.Folder));
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_alone()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        Assert.NotEmpty(hub.Large.Requests);
        Assert.All(hub.Hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
        Assert.All(hub.Large.Requests, request => Assert.Null(request.Header("Authorization")));
    }

    [Fact]
    public async Task The_token_stays_away_after_a_detour_over_another_host()
    {
        using FakeHub hub = new();
        string back = $"{hub.Hub.Address}/back";
        hub.OnLarge = _ => new(307) { Headers = new() { ["Location"] = back } };
        hub.OnHub = request => request.Target == "/back" ? FakeHub.Contents(request, hub.Files[FakeHub.Weights]) : null;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.All(hub.Hub.Requests.Where(request => request.Target == "/back"), request => Assert.Null(request.Header("Authorization")));
    }

    [Fact]
    public async Task Follows_a_relative_redirect_with_the_token()
    {
        using FakeHub hub = new();
        hub.OnHub = request => request.Target switch
        {
            var target when target.EndsWith("/config.json", StringComparison.Ordinal) => new(307) { Headers = new() { ["Location"] = "/api/resolve-cache/x" } },
            "/api/resolve-cache/x" => new(200, hub.Files["config.json"]) { Headers = new() { ["ETag"] = $"\"{hub.Etag("config.json")}\"" } },
            _ => null,
        };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal("Bearer hf_secret", hub.Hub.Requests.Single(request => request.Target == "/api/resolve-cache/x").Header("Authorization"));
    }

    [Fact]
    public async Task Works_below_a_path_of_a_mirror()
    {
        using FakeHub hub = new();
        using LoopbackServer mirror = new(request => new(307) { Headers = new() { ["Location"] = hub.Hub.Address + request.Target["/hf".Length..] } });
        hub.Options = hub.Options with { Endpoint = new(mirror.Address + "/hf/") };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.All(hub.Hub.Requests, request => Assert.Null(request.Header("Authorization")));
    }

    [Fact]
    public async Task Reports_progress_in_order_up_to_the_end()
    {
        using FakeHub hub = new(weights: 500_000);
        Reports reports = new();
        await hub.PullAsync(progress: reports);
        long total = hub.Files.Values.Sum(contents => (long)contents.Length);
        Assert.All(reports.All, report => Assert.Equal(total, report.Bytes));
        Assert.All(reports.All.Zip(reports.All.Skip(1)), pair => Assert.True(pair.First.BytesDone <= pair.Second.BytesDone));
        Assert.Equal(total, reports.All[^1].BytesDone);
        PullProgress[] weights = [.. reports.All.Where(report => report.File == FakeHub.Weights)];
        Assert.Contains(weights, report => report.Phase == PullPhase.Verifying && report.FileBytesDone == 500_000 && report.BytesPerSecond > 0);
        Assert.Equal((PullPhase.Done, 500_000L, 500_000L), (weights[^1].Phase, weights[^1].FileBytesDone, weights[^1].FileBytes));
    }

    [Theory]
    [InlineData("hymba")]
    [InlineData("a/b/c")]
    [InlineData("../x")]
    [InlineData("a/..")]
    [InlineData("a/b--c")]
    [InlineData("a/-b")]
    [InlineData("a/b.")]
    [InlineData("a/b c")]
    [InlineData("a/ü")]
    [InlineData("/a")]
    [InlineData("")]
    public async Task Refuses_what_is_no_repository_name(string name)
    {
        using FakeHub hub = new();
        using HubClient client = new(hub.Cache, hub.Options);
        HubException error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync(name));
        Assert.Contains($"'{name}' is not a repository name", error.Message, StringComparison.Ordinal);
        Assert.Throws<HubException>(() => hub.Cache.Find(name));
        Assert.Throws<HubException>(() => hub.Cache.Remove(name));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("/main")]
    [InlineData("main/")]
    [InlineData("a//b")]
    [InlineData("a b")]
    [InlineData("-x")]
    [InlineData("a?b")]
    [InlineData("")]
    public async Task Refuses_what_is_no_revision(string revision)
    {
        using FakeHub hub = new();
        Assert.Contains("is not a revision", (await Assert.ThrowsAsync<HubException>(() => hub.PullAsync(revision))).Message, StringComparison.Ordinal);
        Assert.Throws<HubException>(() => hub.Cache.Find(FakeHub.Repository, revision));
        Assert.Empty(hub.Hub.Requests);
    }
}
