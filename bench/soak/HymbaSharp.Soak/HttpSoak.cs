using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;

namespace HymbaSharp.Soak;

/// <summary>Clients that stream completions from a running server; some vanish in the middle, on purpose.</summary>
internal static class HttpSoak
{
    public static async Task RunAsync(Uri server, Work work, int vanishing, int? processId)
    {
        using HttpClient client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 10_000 }) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        Report report = new("served", work);
        Stopwatch clock = Stopwatch.StartNew();
        using CancellationTokenSource watching = new();
        Task watch = WatchAsync(processId, clock, watching.Token);
        await Task.WhenAll(Enumerable.Range(0, work.Clients).Select(async i =>
        {
            for (int request = 0; clock.Elapsed < work.Time; request++)
            {
                bool vanishes = vanishing > 0 && (i + request) % vanishing == 0;
                Seen seen = await AskAsync(client, work, work.Prompt(i, request), vanishes);
                if (!vanishes)
                    report.Add(seen);
                if (seen.WasBusy)
                    await Task.Delay(1000);
            }
        }));
        report.Write(clock.Elapsed);
        await watching.CancelAsync();
        await watch;
    }

    private static async Task<Seen> AskAsync(HttpClient client, Work work, string prompt, bool vanishes)
    {
        string body = JsonSerializer.Serialize(new { prompt, max_tokens = work.ReplyTokens, stream = true, ignore_eos = true, logprobs = 0 });
        List<double> gaps = [];
        double first = 0;
        int tokens = 0;
        try
        {
            long last = Stopwatch.GetTimestamp();
            using HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
                return new Seen(0, [], 0, null, WasBusy: true);
            if (!response.IsSuccessStatusCode)
                return new Seen(0, [], 0, $"status {(int)response.StatusCode}", WasBusy: false);
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            bool isDone = false;
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line == "data: [DONE]")
                    isDone = true;
                if (isDone || !line.StartsWith("data: ", StringComparison.Ordinal))
                    continue;
                if (line.Contains("\"error\"", StringComparison.Ordinal))
                    return new Seen(tokens, gaps, first, "an error in the stream", WasBusy: false);
                double gap = Stopwatch.GetElapsedTime(last).TotalSeconds;
                last = Stopwatch.GetTimestamp();
                if (tokens++ == 0)
                    first = gap;
                else
                    gaps.Add(gap);
                if (vanishes && tokens == 5)
                    return new Seen(tokens, gaps, first, null, WasBusy: false);
            }
            return new Seen(tokens, gaps, first, isDone && tokens == work.ReplyTokens ? null : $"a stream that ended early", WasBusy: false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return new Seen(tokens, gaps, first, error.Message, WasBusy: false);
        }
    }

    /// <summary>Says every half minute what memory the server has.</summary>
    private static async Task WatchAsync(int? processId, Stopwatch clock, CancellationToken cancellationToken)
    {
        if (processId is not { } id)
            return;
        using Process process = Process.GetProcessById(id);
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(30));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                process.Refresh();
                Console.WriteLine($"  {clock.Elapsed.TotalSeconds:0} s: {process.WorkingSet64 / 1e6:0} MB resident");
            }
        }
        catch (OperationCanceledException)
        {
            // The clients are done.
        }
    }
}
