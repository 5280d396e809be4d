using HymbaSharp.CommandLine;

namespace HymbaSharp.Training.Logging;

/// <summary>
/// What a run says about itself: <c>metrics.jsonl</c>, TensorBoard events and <c>loss.png</c> in its output folder, and progress on standard
/// error. For one thread.
/// </summary>
/// <param name="folder">The output folder; made where it does not exist.</param>
/// <param name="terminal">Where progress is shown.</param>
internal sealed class RunLog(string folder, Terminal terminal) : IDisposable
{
    private readonly List<IRecordWriter> _writers = [];

    /// <summary>Begins to record.</summary>
    /// <param name="step">The step that the run goes on from, whose later records are taken back; 0 begins anew.</param>
    /// <param name="steps">The number of steps of the whole run; null where it is not known.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Start(long step, long? steps)
    {
        if (_writers.Count > 0)
            throw new InvalidOperationException("The log of a run starts once.");
        _ = Directory.CreateDirectory(folder);
        string metrics = Path.Combine(folder, MetricsFile.FileName);
        _writers.Add(MetricsFile.Open(metrics, step));
        _writers.Add(EventFile.Create(Path.Combine(folder, EventFile.FolderName), step, TimeProvider.System));
        _writers.Add(new LossPlotWriter(metrics, Path.Combine(folder, LossPlot.FileName), Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), Say));
        _writers.Add(new ProgressLine(terminal, steps));
    }

    /// <summary>Records a step, or an evaluation.</summary>
    public void Write(StepRecord record) => _writers.ForEach(writer => writer.Write(record));

    /// <summary>A checkpoint has been written: makes the records as lasting, and draws the picture.</summary>
    public void Flush() => _writers.ForEach(writer => writer.Flush());

    /// <summary>Tells a person something, above the progress.</summary>
    public void Say(string message)
    {
        if (terminal.ErrorConsole.Profile.Capabilities.Interactive)
            terminal.ErrorConsole.Write(new Spectre.Console.Text(message + "\n"));
        else
            terminal.Error.WriteLine(message);
    }

    /// <summary>Ends the progress and draws the picture; the files are closed.</summary>
    public void Dispose()
    {
        // The last opened first: the picture is drawn from a file that must still be there.
        for (int i = _writers.Count - 1; i >= 0; i--)
            _writers[i].Dispose();
        _writers.Clear();
    }
}
