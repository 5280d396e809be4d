namespace HymbaSharp.Tests.Checkpoints.Hub;

/// <summary>Servers and networks that misbehave.</summary>
public sealed class PullFailureTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(5_000, false)]
    [InlineData(5_000, true)]
    [InlineData(16_383, false)]
    public async Task Continues_after_dropped_connections_from_where_they_dropped(int offset, bool reset)
    {
        using FakeHub hub = new();
        HashSet<long> dropped = [];
        hub.OnLarge = request =>
        {
            lock (dropped)
                return request.Range is var (from, to) && Math.Min(to, 99_999) - from >= offset && dropped.Count < 4 && dropped.Add(from)
                    ? FakeHub.Contents(request, hub.Files[FakeHub.Weights]) with { DropAfter = offset, Reset = reset }
                    : null;
        };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.NotEmpty(dropped);
        Assert.Equal(dropped.Count, hub.Clock.Waits.Count);
        if (!reset) // a reset may take received bytes with it
            Assert.All(dropped, from => Assert.Contains(hub.WeightRanges, range => range.From == from + offset));
    }

    [Fact]
    public async Task Gives_up_after_the_retries_and_waits_longer_each_time()
    {
        using FakeHub hub = new();
        hub.Options = hub.Options with { Retries = 4 };
        hub.OnLarge = _ => new(500);
        string message = await hub.FailAsync();
        Assert.Matches($"Downloading model.safetensors of nvidia/Hymba-tiny failed 5 times in a row: 127.0.0.1:[0-9]+ answered 500", message);
        Assert.Equal(5, hub.Large.Requests.Count);
        double[] waits = [.. hub.Clock.Waits.Select(wait => wait.TotalSeconds)];
        Assert.Equal(4, waits.Length);
        Assert.All(waits, (wait, i) => Assert.InRange(wait, 0.25 * Math.Pow(2, i), 0.5 * Math.Pow(2, i)));
    }

    [Fact]
    public async Task Goes_on_through_any_number_of_drops_that_each_bring_something()
    {
        using FakeHub hub = new(weights: 2_000_000);
        hub.Options = hub.Options with { Retries = 1, PieceLength = 4 << 20 };
        hub.OnLarge = request => FakeHub.Contents(request, hub.Files[FakeHub.Weights]) with { DropAfter = 100_000 };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(20, hub.Large.Requests.Count);
    }

    [Fact]
    public async Task Stops_at_last_when_a_server_without_ranges_drops_at_the_same_place()
    {
        using FakeHub hub = new(weights: 400_000);
        hub.OnLarge = request => new(200, hub.Files[FakeHub.Weights]) { DropAfter = 300_000 };
        Assert.Contains("failed", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.InRange(hub.Large.Requests.Count, 6, 14);
    }

    [Fact]
    public async Task Takes_the_whole_file_from_a_server_that_ignores_ranges()
    {
        using FakeHub hub = new();
        hub.OnLarge = _ => new(200, hub.Files[FakeHub.Weights]);
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Single(hub.Large.Requests);
    }

    [Fact]
    public async Task Starts_over_when_a_server_that_ignores_ranges_drops()
    {
        using FakeHub hub = new();
        hub.OnLarge = _ => new(200, hub.Files[FakeHub.Weights]) { DropAfter = hub.Large.Requests.Count == 1 ? 60_000 : null };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(2, hub.Large.Requests.Count);
    }

    [Fact]
    public async Task Takes_less_than_it_asked_for_and_asks_for_the_rest()
    {
        using FakeHub hub = new();
        hub.OnLarge = request =>
        {
            (long from, long to) = request.Range!.Value;
            byte[] body = hub.Files[FakeHub.Weights][(int)from..(int)Math.Min(to + 1, from + 7_000)];
            return new(206, body) { Headers = new() { ["Content-Range"] = $"bytes {from}-{from + body.Length - 1}/*" } };
        };
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Empty(hub.Clock.Waits);
    }

    [Theory]
    [InlineData("bytes 1-1023/100000", "was asked for bytes")]
    [InlineData("bytes 0-99999/100000", "was asked for bytes")]
    [InlineData("bytes 5-3/100000", "was asked for bytes")]
    [InlineData("bytes */100000", "was asked for bytes")]
    [InlineData("lines 0-1023/100000", "was asked for bytes")]
    [InlineData("nonsense", "was asked for bytes")]
    [InlineData(null, "was asked for bytes")]
    [InlineData("bytes 0-1023/5000", "is no longer what the hub listed: it has 5000 bytes, it had 100000")]
    public async Task Refuses_a_wrong_content_range(string? range, string message)
    {
        using FakeHub hub = new();
        hub.OnLarge = _ =>
        {
            Reply reply = new(206, new byte[1024]);
            if (range is not null)
                reply.Headers["Content-Range"] = range;
            return reply;
        };
        Assert.Contains(message, await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(150)]
    public async Task Refuses_a_wrong_content_length(int length)
    {
        using FakeHub hub = new();
        hub.OnHub = request => request.Target.EndsWith("/config.json", StringComparison.Ordinal) ? new(200, new byte[length]) : null;
        Assert.Contains($"sends {length} bytes where the file has 22", await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Takes_a_body_that_ends_with_the_connection_and_notices_when_it_is_short()
    {
        using FakeHub hub = new();
        int calls = 0;
        hub.OnHub = request => request.Target.EndsWith("/config.json", StringComparison.Ordinal)
            ? new(200, calls++ == 0 ? hub.Files["config.json"][..5] : FakeHub.Contents(request, hub.Files["config.json"]).Body) { UntilClose = true } : null;
        string message = await hub.FailAsync(); // the second answer, to a range, is the rest with status 200
        Assert.Contains("config.json", message, StringComparison.Ordinal);
        hub.OnHub = request => request.Target.EndsWith("/config.json", StringComparison.Ordinal) ? new(200, hub.Files["config.json"]) { UntilClose = true } : null;
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Theory]
    [InlineData(FakeHub.Weights)]
    [InlineData("config.json")]
    public async Task Fetches_damaged_data_once_more(string name)
    {
        using FakeHub hub = new();
        int calls = 0;
        hub.OnLarge = hub.OnHub = request => request.Method == "GET" && request.Target.EndsWith('/' + name) && !request.Target.Contains(name == FakeHub.Weights ? "/resolve/" : "/api/", StringComparison.Ordinal)
            && calls++ == 0 ? Damaged(FakeHub.Contents(request, hub.Files[name])) : null;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.True(calls > 1);
    }

    [Theory]
    [InlineData(FakeHub.Weights)]
    [InlineData("config.json")]
    public async Task Keeps_nothing_of_a_file_that_arrives_damaged_twice(string name)
    {
        using FakeHub hub = new();
        hub.OnLarge = hub.OnHub = request => request.Method == "GET" && request.Target.EndsWith('/' + name) && !request.Target.Contains(name == FakeHub.Weights ? "/resolve/" : "/api/", StringComparison.Ordinal)
            ? Damaged(FakeHub.Contents(request, hub.Files[name])) : null;
        Assert.Contains($"{name} of nvidia/Hymba-tiny arrived damaged twice", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(hub.Blobs), path => Path.GetFileName(path).StartsWith(hub.Etag(name), StringComparison.Ordinal));
        Assert.False(Path.Exists(Path.Combine(hub.Snapshot, name)));
        Assert.False(Directory.Exists(Path.Combine(hub.Root, "refs")));
        Assert.Null(hub.Cache.Find(FakeHub.Repository));
    }

    [Theory]
    [InlineData(401, "set HF_TOKEN")]
    [InlineData(403, "accept the licence")]
    [InlineData(404, "Check the repository's name and the revision")]
    [InlineData(400, "answered 400")]
    public async Task Refusals_are_final_and_say_what_to_do(int status, string advice)
    {
        using FakeHub hub = new();
        hub.OnHub = _ => new(status) { Headers = new() { ["X-Error-Message"] = "Because." } };
        string message = await hub.FailAsync();
        Assert.Contains("nvidia/Hymba-tiny at revision main ('Because.')", message, StringComparison.Ordinal);
        Assert.Contains(advice, message, StringComparison.Ordinal);
        Assert.Contains(new Uri(hub.Hub.Address).Authority, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secret", message, StringComparison.Ordinal);
        Assert.Single(hub.Hub.Requests);
        Assert.Empty(hub.Clock.Waits);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        using FakeHub hub = new();
        hub.OnHub = request => request.Target.EndsWith("/tokenizer.json", StringComparison.Ordinal) ? new(404) : null;
        Assert.Contains("has no tokenizer.json of nvidia/Hymba-tiny", await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asks_the_hub_again_when_the_address_of_the_other_host_has_expired()
    {
        using FakeHub hub = new();
        hub.OnLarge = _ => hub.Large.Requests.Count == 3 ? new(403) : null;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Single(hub.Clock.Waits);
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(503, "90", 90)]
    [InlineData(503, "100000", 120)]
    [InlineData(429, "Thu, 01 Jan 2026 00:00:42 GMT", 42)]
    public async Task Waits_as_long_as_the_server_asks_within_reason(int status, string header, int seconds)
    {
        using FakeHub hub = new();
        hub.OnHub = _ => hub.Hub.Requests.Count == 1 ? new(status) { Headers = new() { ["Retry-After"] = header } } : null;
        await hub.PullAsync();
        Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(hub.Clock.Waits));
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("0")]
    [InlineData("soon")]
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT")]
    public async Task Waits_its_own_time_for_an_unusable_retry_after(string header)
    {
        using FakeHub hub = new();
        hub.OnHub = _ => hub.Hub.Requests.Count == 1 ? new(503) { Headers = new() { ["Retry-After"] = header } } : null;
        await hub.PullAsync();
        Assert.InRange(Assert.Single(hub.Clock.Waits).TotalSeconds, 0.25, 0.5);
    }

    [Fact]
    public async Task A_range_beyond_the_end_means_that_the_file_changed()
    {
        using FakeHub hub = new();
        hub.OnLarge = _ => new(416);
        Assert.Contains("model.safetensors of nvidia/Hymba-tiny is no longer what the hub listed", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(hub.Blobs), path => path.Contains(hub.WeightsEtag, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redirect_in_a_circle_ends()
    {
        using FakeHub hub = new();
        hub.OnHub = request => new(302) { Headers = new() { ["Location"] = request.Target } };
        Assert.Contains("redirected more than 10 times", await hub.FailAsync(), StringComparison.Ordinal);
        Assert.Equal(11, hub.Hub.Requests.Count);
    }

    [Theory]
    [InlineData("ftp://example.com/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://")]
    [InlineData(null)]
    public async Task A_redirect_to_nowhere_is_refused(string? location)
    {
        using FakeHub hub = new();
        hub.OnHub = _ => new(302) { Headers = location is null ? [] : new() { ["Location"] = location } };
        Assert.Contains("to no usable address", await hub.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_server_counts_as_dropped()
    {
        using FakeHub hub = new();
        hub.Options = hub.Options with { StallTimeout = TimeSpan.FromMilliseconds(300) };
        TaskCompletionSource never = new();
        int calls = 0;
        hub.OnLarge = request => Interlocked.Increment(ref calls) == 2
            ? FakeHub.Contents(request, hub.Files[FakeHub.Weights]) with { GateAfter = 1_000, Gate = never.Task } : null;
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Single(hub.Clock.Waits);
    }

    [Fact]
    public async Task Without_a_network_it_says_so_at_once()
    {
        using FakeHub hub = new();
        hub.Hub.Dispose();
        string message = await hub.FailAsync();
        Assert.Contains("cannot be reached", message, StringComparison.Ordinal);
        Assert.Contains("HTTPS_PROXY", message, StringComparison.Ordinal);
        Assert.Empty(hub.Clock.Waits);
    }

    private static Reply Damaged(Reply reply)
    {
        byte[] body = [.. reply.Body];
        body[body.Length / 2] ^= 1;
        return reply with { Body = body };
    }
}
