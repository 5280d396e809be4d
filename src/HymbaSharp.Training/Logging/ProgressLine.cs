using HymbaSharp.CommandLine;

namespace HymbaSharp.Training.Logging;

/// <summary>Where a run is, on standard error: a bar that is kept up to date where a person looks at it, a line for each record elsewhere.</summary>
internal sealed class ProgressLine : IRecordWriter
{
    // How much of the time per step is taken from the records before: about the last ten decide.
    private const double Memory = 0.9;

    private readonly Terminal _terminal;
    private readonly long? _steps;
    private readonly TaskCompletionSource<bool> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task? _bar;
    private Action<double, string> _report = (_, _) => { };
    private StepRecord? _last;
    private double? _secondsPerStep;
    private double? _evaluationLoss;

    /// <summary>Begins to show progress.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="steps">The number of steps of the whole run; null where it is not known.</param>
    public ProgressLine(Terminal terminal, long? steps)
    {
        _terminal = terminal;
        _steps = steps;
        if (terminal.ErrorConsole.Profile.Capabilities.Interactive)
        {
            _bar = ProgressBar.RunAsync(terminal.ErrorConsole, "Training", report =>
            {
                _report = report;
                return _end.Task;
            });
        }
    }

    public void Write(StepRecord record)
    {
        if (_last is { } last && record.Step > last.Step)
        {
            double seconds = (record.Seconds - last.Seconds) / (record.Step - last.Step);
            _secondsPerStep = _secondsPerStep is { } before ? (Memory * before) + ((1 - Memory) * seconds) : seconds;
        }
        _evaluationLoss = record.Extras.TryGetValue("eval_loss", out double loss) ? loss : _evaluationLoss;
        _last = record;
        string text = Describe(record);
        if (_bar is not null)
            _report(_steps is { } steps ? Math.Min((double)record.Step / steps, 1) : 0, text);
        else
            _terminal.Error.WriteLine(_steps is { } steps ? $"{(double)record.Step / steps,4:0 %}  {text}" : text);
    }

    public void Flush()
    {
    }

    public void Dispose()
    {
        if (!_end.TrySetResult(true) || _bar is null)
            return;
        _bar.GetAwaiter().GetResult();
        // The bar goes; what it said last stays.
        if (_last is { } last)
            _terminal.Error.WriteLine(Describe(last));
    }

    private string Describe(StepRecord record)
    {
        List<string> parts = [_steps is { } steps ? $"step {record.Step}/{steps}" : $"step {record.Step}"];
        if (record.Loss is { } loss)
            parts.Add($"loss {loss:0.0000}");
        if (_evaluationLoss is { } evaluation)
            parts.Add($"eval loss {evaluation:0.0000}");
        foreach ((string name, double value) in record.Extras.Where(extra => !extra.Key.StartsWith("eval_", StringComparison.Ordinal)))
            parts.Add($"{name.Replace('_', ' ')} {value:0.000}");
        if (record.TokensPerSecond is { } speed)
            parts.Add($"{Sizes.Count(speed)} tokens/s");
        if (record.Mfu is { } utilisation)
            parts.Add($"MFU {utilisation:0.0 %}");
        if (_secondsPerStep is { } seconds && _steps is { } all && record.Step < all)
            parts.Add($"{Duration(seconds * (all - record.Step))} left");
        return string.Join("  ", parts);
    }

    private static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(9999).TotalSeconds));
        return time.TotalHours < 1 ? $"{time:m\\:ss}" : time.TotalDays < 1 ? $"{time:h\\:mm\\:ss}" : $"{time.TotalDays:0.0} days";
    }
}
