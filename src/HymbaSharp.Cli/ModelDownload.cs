using System.Diagnostics;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Cli;

/// <summary>A download with a progress bar.</summary>
internal static class ModelDownload
{
    /// <summary>Pulls a model into the cache, or what is missing of it.</summary>
    /// <returns>Its folder.</returns>
    public static async Task<string> RunAsync(Terminal terminal, string repository, string revision, HubClientOptions options, CancellationToken cancellationToken)
    {
        using HubClient client = new(options: options);
        long start = Stopwatch.GetTimestamp();
        PullProgress last = default;
        string folder;
        try
        {
            folder = await ProgressBar.RunAsync(terminal.ErrorConsole, $"Pulling {repository}", report =>
                client.PullAsync(repository, revision, new ImmediateProgress<PullProgress>(progress =>
                {
                    last = progress;
                    report(progress.Bytes == 0 ? 0 : (double)progress.BytesDone / progress.Bytes, Note(progress));
                }), cancellationToken));
        }
        catch (OperationCanceledException)
        {
            await terminal.Error.WriteLineAsync($"{repository}: stopped; what is downloaded is kept, and pulling again goes on from there.");
            throw;
        }
        await terminal.Error.WriteLineAsync($"{repository}: {Sizes.Bytes(last.Bytes)} complete after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
        return folder;
    }

    private static string Note(PullProgress progress)
    {
        string done = $"{Sizes.Bytes(progress.BytesDone)} of {Sizes.Bytes(progress.Bytes)}";
        if (progress.Phase == PullPhase.Verifying)
            return $"{done}, checking {progress.File}";
        if (progress.Phase == PullPhase.Waiting)
            return $"{done}, another process downloads {progress.File}";
        if (progress.BytesPerSecond <= 0)
            return done;
        TimeSpan left = TimeSpan.FromSeconds(Math.Min((progress.Bytes - progress.BytesDone) / progress.BytesPerSecond, TimeSpan.FromDays(99).TotalSeconds));
        string time = left.TotalHours < 1 ? $"{left:m\\:ss}" : $"{left.TotalHours:0} hours";
        return $"{done}, {Sizes.Bytes(progress.BytesPerSecond)}/s, {time} left";
    }
}
