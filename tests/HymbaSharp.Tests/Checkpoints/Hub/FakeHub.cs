using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints.Hub;

/// <summary>A hub with one repository, the host that its large files are on, an empty cache, and a clock whose waits take no time.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Repository = "nvidia/Hymba-tiny";
    public const string Weights = "model.safetensors";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hymbasharp-hub-");

    public FakeHub(int weights = 100_000)
    {
        Large = new(AnswerLarge);
        Hub = new(Answer);
        Cache = new(Path.Combine(_folder.FullName, "cache"));
        Options = new() { Endpoint = new(Hub.Address), Token = "hf_secret", Time = Clock, PieceLength = 16 << 10, RecordStep = 1 };
        Files = new()
        {
            ["config.json"] = "{\"model_type\":\"hymba\"}"u8.ToArray(),
            ["tokenizer.json"] = "{}"u8.ToArray(),
            [Weights] = Bytes(weights, seed: 1),
        };
    }

    public LoopbackServer Hub { get; }

    public LoopbackServer Large { get; }

    public HubCache Cache { get; set; }

    public HubClientOptions Options { get; set; }

    public InstantClock Clock { get; } = new();

    public Dictionary<string, byte[]> Files { get; }

    public string Commit { get; set; } = new('c', 40);

    /// <summary>Says something else than the hub would.</summary>
    public Func<Request, Reply?> OnHub { get; set; } = _ => null;

    /// <summary>Says something else than the host of large files would.</summary>
    public Func<Request, Reply?> OnLarge { get; set; } = _ => null;

    /// <summary>Whether the file list gives lengths and hashes.</summary>
    public bool ListsBlobs { get; set; } = true;

    public string Root => Path.Combine(Cache.Folder, "models--nvidia--Hymba-tiny");

    public string Blobs => Path.Combine(Root, "blobs");

    public string Snapshot => Path.Combine(Root, "snapshots", Commit);

    public string WeightsEtag => Etag(Weights);

    /// <summary>The ranges of the weights that were asked for.</summary>
    public IEnumerable<(long From, long To)> WeightRanges => Large.Requests.Select(request => request.Range ?? (0, Files[Weights].Length - 1));

    public static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public async Task<string> PullAsync(string revision = "main", IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using HubClient client = new(Cache, Options);
        return await client.PullAsync(Repository, revision, progress, cancellationToken).WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
    }

    public async Task<string> FailAsync() => (await Assert.ThrowsAsync<HubException>(() => PullAsync())).Message;

    public void AssertPulled()
    {
        foreach ((string name, byte[] contents) in Files)
            Assert.Equal(contents, File.ReadAllBytes(Path.Combine(Snapshot, name)));
        Assert.DoesNotContain(Directory.EnumerateFiles(Blobs), path => Path.GetFileName(path).Contains("hymbasharp", StringComparison.Ordinal));
    }

    public string Etag(string name) => IsLarge(name)
        ? Convert.ToHexStringLower(SHA256.HashData(Files[name]))
        : Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {Files[name].Length}\0"), .. Files[name]]));

    public string Listing()
    {
        JsonArray siblings = [];
        foreach ((string name, byte[] contents) in Files)
        {
            JsonObject sibling = new() { ["rfilename"] = name };
            if (ListsBlobs)
            {
                sibling["size"] = contents.Length;
                sibling["blobId"] = IsLarge(name) ? new string('b', 40) : Etag(name);
                if (IsLarge(name))
                    sibling["lfs"] = new JsonObject { ["sha256"] = Etag(name), ["size"] = contents.Length, ["pointerSize"] = 134 };
            }
            siblings.Add(sibling);
        }
        return new JsonObject { ["id"] = Repository, ["sha"] = Commit, ["siblings"] = siblings }.ToJsonString(new JsonSerializerOptions());
    }

    /// <summary>What a sound server says to a request for these contents.</summary>
    public static Reply Contents(Request request, byte[] contents)
    {
        if (request.Range is not var (from, to))
            return new(200, contents);
        to = Math.Min(to, contents.Length - 1);
        return new(206, contents[(int)from..((int)to + 1)]) { Headers = new() { ["Content-Range"] = $"bytes {from}-{to}/{contents.Length}" } };
    }

    public void Dispose()
    {
        Hub.Dispose();
        Large.Dispose();
        _folder.Delete(recursive: true);
    }

    private static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    private Reply Answer(Request request)
    {
        if (OnHub(request) is { } reply)
            return reply;
        if (request.Target.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
            return new(200, Listing());
        string prefix = $"/{Repository}/resolve/{Commit}/";
        if (!request.Target.StartsWith(prefix, StringComparison.Ordinal) || !Files.TryGetValue(request.Target[prefix.Length..], out byte[]? contents))
            return new(404) { Headers = new() { ["X-Error-Message"] = "Entry not found" } };
        string name = request.Target[prefix.Length..];
        if (!IsLarge(name))
        {
            Reply small = Contents(request, contents);
            small.Headers["ETag"] = $"\"{Etag(name)}\"";
            return small;
        }
        return new(302)
        {
            Headers = new()
            {
                ["Location"] = $"{Large.Address}/{name}",
                ["X-Repo-Commit"] = Commit,
                ["X-Linked-ETag"] = $"\"{Etag(name)}\"",
                ["X-Linked-Size"] = $"{contents.Length}",
            },
        };
    }

    private Reply AnswerLarge(Request request)
    {
        if (OnLarge(request) is { } reply)
            return reply;
        Reply contents = Contents(request, Files[request.Target[1..]]);
        contents.Headers["ETag"] = "\"of-the-other-host\"";
        return contents;
    }
}

/// <summary>A clock whose timers fire at once; it notes what was waited for.</summary>
internal sealed class InstantClock : TimeProvider
{
    private TimeSpan _now;

    public List<TimeSpan> Waits { get; } = [];

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + _now;

    public override long GetTimestamp() => _now.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (Waits)
        {
            Waits.Add(dueTime);
            _now += dueTime;
        }
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}

/// <summary>Keeps all reports of a pull.</summary>
internal sealed class Reports : IProgress<PullProgress>
{
    public List<PullProgress> All { get; } = [];

    public void Report(PullProgress value)
    {
        lock (All)
            All.Add(value);
    }
}
