namespace HymbaSharp.Training.Logging;

/// <summary>Draws the records of a run to <c>loss.png</c> at each checkpoint and at the end.</summary>
/// <param name="metrics">The run's <see cref="MetricsFile"/>, which holds the records from before a resume too.</param>
/// <param name="path">The picture.</param>
/// <param name="title">What stands above it.</param>
/// <param name="say">Tells a person.</param>
internal sealed class LossPlotWriter(string metrics, string path, string title, Action<string> say) : IRecordWriter
{
    private bool _isStale, _hasFailed;

    public void Write(StepRecord record) => _isStale = true;

    public void Flush()
    {
        if (!_isStale || _hasFailed)
            return;
        _isStale = false;
        try
        {
            LossPlot.Write(MetricsFile.Read(metrics), path, title);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or HymbaException or DllNotFoundException or TypeInitializationException)
        {
            // A picture is not worth a run.
            _hasFailed = true;
            say($"{path} is no longer drawn: {error.Message}");
        }
    }

    public void Dispose() => Flush();
}
