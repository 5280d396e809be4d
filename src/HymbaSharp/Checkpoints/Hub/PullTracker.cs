namespace HymbaSharp.Checkpoints.Hub;

/// <summary>Counts a pull's bytes and reports them, in order and not more often than a person can read.</summary>
internal sealed class PullTracker(IProgress<PullProgress>? sink, long total)
{
    private static readonly TimeSpan ReportStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<(long Time, long Received)> _samples = new([(TimeProvider.System.GetTimestamp(), 0)]);
    private readonly IProgress<PullProgress>? _sink = sink;
    private readonly long _total = total;
    private long _done;
    private long _received;
    private long _reported;

    /// <summary>How many bytes are not on disk yet.</summary>
    public long Missing
    {
        get
        {
            lock (_gate)
                return _total - _done;
        }
    }

    public FileTracker Track(HubFile file) => new(this, file);

    private double Rate(long now)
    {
        (long time, long received) = _samples.Peek();
        double seconds = TimeProvider.System.GetElapsedTime(time, now).TotalSeconds;
        return seconds > 0 ? (_received - received) / seconds : 0;
    }

    /// <summary>One file's part of the pull. Its methods may be called from several threads.</summary>
    internal sealed class FileTracker(PullTracker pull, HubFile file)
    {
        private long _done;
        private PullPhase _phase;

        /// <summary>Sets how many of the file's bytes are on disk without having been received now.</summary>
        public void Found(long done)
        {
            lock (pull._gate)
            {
                pull._done += done - _done;
                _done = done;
                Report();
            }
        }

        public void Received(long bytes)
        {
            lock (pull._gate)
            {
                _done += bytes;
                pull._done += bytes;
                pull._received += bytes;
                if (TimeProvider.System.GetElapsedTime(pull._reported) >= ReportStep)
                    Report();
            }
        }

        public void Enter(PullPhase phase)
        {
            lock (pull._gate)
            {
                if (_phase == phase)
                    return;
                _phase = phase;
                Report();
            }
        }

        private void Report()
        {
            long now = pull._reported = TimeProvider.System.GetTimestamp();
            double rate = pull.Rate(now);
            pull._samples.Enqueue((now, pull._received));
            while (pull._samples.Count > 1 && TimeProvider.System.GetElapsedTime(pull._samples.Peek().Time, now) > RateWindow)
                pull._samples.Dequeue();
            pull._sink?.Report(new(file.Name, _phase, _done, file.Size, pull._done, pull._total, rate));
        }
    }
}
