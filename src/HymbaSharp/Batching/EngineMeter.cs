using System.Diagnostics;
using System.Diagnostics.Metrics;
using HymbaSharp.Generation;

namespace HymbaSharp.Batching;

/// <summary>What an engine does, as measurements of the meter <see cref="Name"/>.</summary>
internal sealed class EngineMeter : IDisposable
{
    public const string Name = "HymbaSharp.Engine";

    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 5, 10, 30, 60, 120, 300] };
    private static readonly InstrumentAdvice<int> Sizes = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] };

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _promptTokens, _cachedTokens, _generatedTokens, _requests, _refused;
    private readonly Histogram<double> _firstToken, _interToken, _wait, _duration;
    private readonly Histogram<int> _sequences, _rows;
    private double _meanSeconds = 1;

    public EngineMeter(Func<EngineStatus> status)
    {
        _promptTokens = _meter.CreateCounter<long>("hymba.prompt.tokens", "{token}", "Tokens of prompts, cached ones included.");
        _cachedTokens = _meter.CreateCounter<long>("hymba.prompt.cached_tokens", "{token}", "Tokens of prompts that were found computed.");
        _generatedTokens = _meter.CreateCounter<long>("hymba.generated.tokens", "{token}", "Tokens generated.");
        _requests = _meter.CreateCounter<long>("hymba.requests", "{request}", "Requests that have ended, by their last finish reason.");
        _refused = _meter.CreateCounter<long>("hymba.requests.refused", "{request}", "Requests refused because as many waited as may.");
        _firstToken = _meter.CreateHistogram("hymba.time_to_first_token", "s", "From a request's arrival to its first token.", advice: Seconds);
        _interToken = _meter.CreateHistogram("hymba.inter_token_latency", "s", "From a token of a reply to the next.", advice: Seconds);
        _wait = _meter.CreateHistogram("hymba.queue.time", "s", "From a request's arrival to its admission.", advice: Seconds);
        _duration = _meter.CreateHistogram("hymba.request.duration", "s", "From a request's arrival to its end.", advice: Seconds);
        _sequences = _meter.CreateHistogram("hymba.step.sequences", "{sequence}", "Sequences in a step.", advice: Sizes);
        _rows = _meter.CreateHistogram("hymba.step.rows", "{row}", "Rows, tokens of prompts and replies, in a step.", advice: Sizes);
        _ = _meter.CreateObservableGauge("hymba.requests.waiting", () => status().Waiting, "{request}", "Requests that wait for a place.");
        _ = _meter.CreateObservableGauge("hymba.sequences.running", () => status().Running, "{sequence}", "Sequences with a place.");
        _ = _meter.CreateObservableGauge("hymba.state.reserved", () => status().ReservedBytes, "By", "Memory set aside for the states of running sequences.");
        _ = _meter.CreateObservableGauge("hymba.prefixes.size", () => status().PrefixBytes, "By", "Memory of states kept for prompts that begin alike.");
    }

    /// <summary>How long a request takes of late, in seconds.</summary>
    public double MeanSeconds => Volatile.Read(ref _meanSeconds);

    public void Refused() => _refused.Add(1);

    public void Admitted(EngineTask task)
    {
        _promptTokens.Add(task.Request.Prompt.Length);
        _cachedTokens.Add(task.CachedTokens);
        _wait.Record(Since(task.Arrival));
    }

    public void PromptRead(EngineTask task) => _firstToken.Record(Since(task.Arrival));

    public void TokenChosen(RunningSequence sequence)
    {
        long now = Stopwatch.GetTimestamp();
        _generatedTokens.Add(1);
        if (sequence.Writer.Generated > 1)
            _interToken.Record(Stopwatch.GetElapsedTime(sequence.LastToken, now).TotalSeconds);
        sequence.LastToken = now;
    }

    public void Stepped(int sequences, int rows)
    {
        _sequences.Record(sequences);
        _rows.Record(rows);
    }

    public void Ended(EngineTask task, FinishReason reason) => Ended(task, reason.ToString());

    public void Failed(EngineTask task) => Ended(task, "Error");

    public void Dispose() => _meter.Dispose();

    private void Ended(EngineTask task, string reason)
    {
        double seconds = Since(task.Arrival);
        Volatile.Write(ref _meanSeconds, (0.9 * _meanSeconds) + (0.1 * seconds));
        _duration.Record(seconds);
        _requests.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    private static double Since(long start) => Stopwatch.GetElapsedTime(start).TotalSeconds;
}
