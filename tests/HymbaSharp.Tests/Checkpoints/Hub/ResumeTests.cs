using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints.Hub;

/// <summary>Pulls that are interrupted, that run side by side, and disks that fail.</summary>
public sealed class ResumeTests
{
    [Fact]
    public async Task A_cancelled_pull_continues_with_the_missing_bytes_only()
    {
        using FakeHub hub = new(weights: 500_000);
        long received = await InterruptAsync(hub, after: 200_000);
        Reports reports = new();
        await hub.PullAsync(progress: reports);
        hub.AssertPulled();
        Assert.Equal(500_000 - received, hub.WeightRanges.Sum(range => range.To - range.From + 1));
        PullProgress first = reports.All.First(report => report.File == FakeHub.Weights);
        Assert.Equal((received, 0.0), (first.FileBytesDone, first.BytesPerSecond));
    }

    [Fact]
    public async Task A_killed_pull_continues_with_the_missing_bytes_only()
    {
        using FakeHub hub = new(weights: 500_000);
        TaskCompletionSource killed = new();
        long received = 0;
        hub.OnLarge = request => FakeHub.Contents(request, hub.Files[FakeHub.Weights]) with { GateAfter = request.Range!.Value.From > 150_000 ? 500 : null, Gate = killed.Task };
        using CancellationTokenSource stop = new();
        Reports reports = new();
        Task<string> pull = hub.PullAsync(progress: reports, cancellationToken: stop.Token);
        string state = Path.Combine(hub.Blobs, hub.WeightsEtag + ".hymbasharp.ranges");
        while (Recorded(state) < 150_000)
            await Task.Delay(10);
        // What a kill leaves: the files as they are at this moment, no lock.
        string left = Path.Combine(Path.GetDirectoryName(hub.Cache.Folder)!, "left");
        CopyFolder(hub.Cache.Folder, left);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        killed.SetResult();

        hub.Cache = new(left);
        received = Recorded(Path.Combine(hub.Blobs, hub.WeightsEtag + ".hymbasharp.ranges"));
        hub.OnLarge = _ => null;
        hub.Large.Requests.Clear();
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.InRange(received, 150_000, 250_000);
        Assert.Equal(500_000 - received, hub.WeightRanges.Sum(range => range.To - range.From + 1));
    }

    [Theory]
    [InlineData("ranges", "")]
    [InlineData("ranges", "garbage")]
    [InlineData("ranges", "hymbasharp-ranges-1 500000 other model.safetensors\n0 500000\n")]
    [InlineData("ranges", "HEADER\n0 500001\n")]
    [InlineData("ranges", "HEADER\n-1 5\n")]
    [InlineData("ranges", "HEADER\n5 5\n")]
    [InlineData("ranges", "HEADER\n5\n")]
    [InlineData("ranges", "HEADER\n99999999999999999999 5\n")]
    [InlineData("ranges", "HEADER\n0 500000\n", true)] // claims bytes that are not there
    [InlineData("ranges", null)]
    [InlineData("incomplete", "")]
    [InlineData("incomplete", null)]
    public async Task Damaged_state_costs_a_download_and_no_more(string suffix, string? contents, bool isTrusted = false)
    {
        using FakeHub hub = new(weights: 500_000);
        await InterruptAsync(hub, after: 100_000);
        string path = Path.Combine(hub.Blobs, $"{hub.WeightsEtag}.hymbasharp.{suffix}");
        Assert.True(File.Exists(path));
        if (contents is null)
            File.Delete(path);
        else
            File.WriteAllText(path, contents.Replace("HEADER", $"hymbasharp-ranges-1 500000 {hub.WeightsEtag} {FakeHub.Weights}", StringComparison.Ordinal));
        Reports reports = new();
        await hub.PullAsync(progress: reports);
        hub.AssertPulled();
        // A state that contradicts itself is not even tried.
        int verified = reports.All.Count(report => report is { File: FakeHub.Weights, Phase: PullPhase.Verifying, FileBytesDone: 500_000 });
        Assert.Equal(isTrusted ? 2 : 1, verified);
    }

    [Fact]
    public async Task A_file_whose_contents_changed_starts_afresh_and_the_old_part_goes()
    {
        using FakeHub hub = new(weights: 500_000);
        await InterruptAsync(hub, after: 100_000);
        hub.Files[FakeHub.Weights] = FakeHub.Bytes(400_000, seed: 2);
        hub.Commit = new('d', 40);
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(400_000, hub.WeightRanges.Sum(range => range.To - range.From + 1));
    }

    [Fact]
    public async Task A_file_that_changes_under_way_is_dropped()
    {
        using FakeHub hub = new(weights: 500_000);
        string before = hub.WeightsEtag;
        hub.OnLarge = _ =>
        {
            if (hub.Large.Requests.Count == 5)
                hub.Files[FakeHub.Weights] = FakeHub.Bytes(500_000, seed: 2);
            return null;
        };
        Assert.Contains($"its ETag is '{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(FakeHub.Bytes(500_000, 2)))}', it was {before}",
            await hub.FailAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(hub.Blobs), path => path.Contains(before, StringComparison.Ordinal));
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Fact]
    public async Task The_unfinished_files_of_other_tools_are_left_alone()
    {
        using FakeHub hub = new();
        Directory.CreateDirectory(hub.Blobs);
        string theirs = Path.Combine(hub.Blobs, hub.WeightsEtag + ".incomplete");
        File.WriteAllText(theirs, "theirs");
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal("theirs", File.ReadAllText(theirs));
    }

    [Fact]
    public async Task A_blob_of_the_wrong_length_is_replaced()
    {
        using FakeHub hub = new();
        await hub.PullAsync();
        File.WriteAllText(Path.Combine(hub.Blobs, hub.WeightsEtag), "cut");
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pulls_side_by_side_download_each_file_once(bool allowLinks)
    {
        using FakeHub hub = new(weights: 300_000);
        hub.Cache = new(hub.Cache.Folder) { AllowLinks = allowLinks };
        hub.Options = hub.Options with { Time = TimeProvider.System };
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => hub.PullAsync()));
        hub.AssertPulled();
        Assert.Equal(300_000, hub.WeightRanges.Sum(range => range.To - range.From + 1));
    }

    [Fact]
    public async Task Waits_for_another_process_and_says_so()
    {
        using FakeHub hub = new();
        hub.Options = hub.Options with { Time = TimeProvider.System };
        Reports reports = new();
        Task<string> pull;
        using (HoldLock(hub))
        {
            pull = hub.PullAsync(progress: reports);
            while (!Waiting())
                await Task.Delay(10);
            Assert.Empty(hub.Large.Requests);
        }
        await pull;
        hub.AssertPulled();

        bool Waiting()
        {
            lock (reports.All)
                return reports.All.Any(report => report is { File: FakeHub.Weights, Phase: PullPhase.Waiting });
        }
    }

    [Fact]
    public async Task Waits_for_another_process_for_a_limited_time()
    {
        using FakeHub hub = new();
        using FileStream held = HoldLock(hub);
        string message = await hub.FailAsync();
        Assert.Contains("Another process has been downloading model.safetensors for 01:00:00", message, StringComparison.Ordinal);
        Assert.Contains(held.Name, message, StringComparison.Ordinal);
        Assert.InRange(hub.Clock.Waits.Count, 18_000, 18_010);
    }

    [Fact]
    public async Task Refuses_what_the_disk_cannot_hold_before_it_downloads()
    {
        using FakeHub hub = new();
        hub.Options = hub.Options with { FreeSpace = _ => 100_000 };
        string message = await hub.FailAsync();
        Assert.Contains($"{100_000 + hub.Files["config.json"].Length + 2} bytes more are needed and 100000 bytes are free", message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", message, StringComparison.Ordinal);
        Assert.Empty(hub.Large.Requests);
    }

    [Fact]
    public async Task A_begun_file_needs_no_new_space()
    {
        using FakeHub hub = new(weights: 500_000);
        await InterruptAsync(hub, after: 100_000);
        hub.Options = hub.Options with { FreeSpace = _ => 100 };
        await hub.PullAsync();
        hub.AssertPulled();
    }

    [Fact]
    public async Task A_disk_that_fills_up_under_way_says_what_is_missing_and_is_continued()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        using FakeHub hub = new(weights: 500_000);
        await InterruptAsync(hub, after: 100_000);
        // Where the next state goes, every write fails as on a full disk.
        string state = Path.Combine(hub.Blobs, hub.WeightsEtag + ".hymbasharp.ranges");
        long kept = Recorded(state);
        File.CreateSymbolicLink(state + ".tmp", "/dev/full");
        Assert.Matches("The disk of .* is full: [34][0-9]{5} bytes more are needed and .* are free", await hub.FailAsync());
        Assert.Equal(kept, Recorded(state));
        File.Delete(state + ".tmp");
        hub.Large.Requests.Clear();
        await hub.PullAsync();
        hub.AssertPulled();
        Assert.Equal(500_000 - kept, hub.WeightRanges.Sum(range => range.To - range.From + 1));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_named()
    {
        using FakeHub hub = new();
        string file = Path.Combine(Path.GetDirectoryName(hub.Cache.Folder)!, "file");
        File.WriteAllText(file, "");
        hub.Cache = new(Path.Combine(file, "cache"));
        string message = await hub.FailAsync();
        Assert.Contains($"could not be written to the cache {hub.Cache.Folder}", message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_cache_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "needs a user whom permissions bind");
        using FakeHub hub = new();
        Directory.CreateDirectory(hub.Cache.Folder);
        File.SetAttributes(hub.Cache.Folder, FileAttributes.ReadOnly);
        Assert.Contains("could not be written to the cache", await hub.FailAsync(), StringComparison.Ordinal);
        File.SetAttributes(hub.Cache.Folder, FileAttributes.Normal);
    }

    [Fact]
    public async Task A_cancelled_token_stops_before_the_first_request()
    {
        using FakeHub hub = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hub.PullAsync(cancellationToken: new(true)));
        Assert.Empty(hub.Hub.Requests);
    }

    /// <summary>Pulls until so many bytes of the weights are there, cancels, and returns how many were recorded. Requests are forgotten.</summary>
    private static async Task<long> InterruptAsync(FakeHub hub, long after)
    {
        TaskCompletionSource never = new();
        hub.OnLarge = request => FakeHub.Contents(request, hub.Files[FakeHub.Weights]) with { GateAfter = request.Range!.Value.From >= after ? 777 : null, Gate = never.Task };
        using CancellationTokenSource stop = new();
        Task<string> pull = hub.PullAsync(cancellationToken: stop.Token);
        string state = Path.Combine(hub.Blobs, hub.WeightsEtag + ".hymbasharp.ranges");
        while (Recorded(state) < after)
            await Task.Delay(10);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        Assert.Null(hub.Cache.Find(FakeHub.Repository));
        hub.OnLarge = _ => null;
        hub.Large.Requests.Clear();
        return Recorded(state);
    }

    private static long Recorded(string state)
    {
        try
        {
            return File.ReadAllLines(state).Skip(1).Select(line => line.Split(' ')).Sum(pair => long.Parse(pair[1]) - long.Parse(pair[0]));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }

    private static FileStream HoldLock(FakeHub hub)
    {
        string folder = Path.Combine(hub.Cache.Folder, ".locks", "models--nvidia--Hymba-tiny");
        Directory.CreateDirectory(folder);
        return new(Path.Combine(folder, hub.WeightsEtag + ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }

    private static void CopyFolder(string from, string to)
    {
        // The state first: the data may only be newer than it.
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories).OrderByDescending(path => path.EndsWith("ranges", StringComparison.Ordinal)))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (new FileInfo(path).LinkTarget is { } link)
                File.CreateSymbolicLink(target, link);
            else if (Path.GetExtension(path) is not (".lock" or ".tmp"))
                File.WriteAllBytes(target, Read(path));
        }

        static byte[] Read(string path)
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }
}
