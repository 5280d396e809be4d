using System.Runtime.CompilerServices;

namespace HymbaSharp.Batching;

/// <summary>
/// Runs many requests over one model at once: sequences share every reading of the weights, come and go at any token, and go on from what earlier
/// ones with the same beginning have left. What a reply says does not depend on what runs beside it, but for the rounding of float products
/// (docs/numerics.md). Safe to use from many threads.
/// </summary>
public sealed class HymbaEngine : IDisposable
{
    /// <summary>The name of the meter that an engine's measurements have.</summary>
    public const string MeterName = EngineMeter.Name;

    private readonly HymbaEngineOptions _options;
    private readonly long _stateBytes;
    private readonly EngineMeter _meter;
    private readonly Scheduler _scheduler;
    private readonly Thread _thread;

    // All below under the lock.
    private readonly Lock _lock = new();
    private readonly List<EngineTask> _waiting = [];
    private readonly List<Action<Scheduler>> _commands = [];
    private readonly ManualResetEventSlim _work = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EngineStatus _status;
    private bool _draining, _stopping;

    /// <summary>Starts an engine over a model, which stays the caller's and must outlive it.</summary>
    /// <exception cref="EngineOptionsException">An option is out of its range.</exception>
    public HymbaEngine(HymbaModel model, HymbaEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options ?? new HymbaEngineOptions();
        _options.Validate(model);
        Model = model;
        _stateBytes = _options.StateBytes ?? Math.Min(_options.MaxSequences * model.MaxStateBytes(model.ContextLength), Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2, model.MaxStateBytes(model.ContextLength)));
        _status = new EngineStatus(0, 0, 0, _stateBytes, 0, 0);
        _meter = new EngineMeter(() => Status);
        _scheduler = new Scheduler(model, _options, _stateBytes, _options.PrefixBytes ?? _stateBytes / 4, _meter);
        _thread = new Thread(Run) { IsBackground = true, Name = "HymbaSharp engine" };
        _thread.Start();
    }

    /// <summary>The model.</summary>
    public HymbaModel Model { get; }

    /// <summary>The most sequences at once.</summary>
    public int MaxSequences => _options.MaxSequences;

    /// <summary>Whether requests are taken.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return !_draining && !_stopping;
        }
    }

    /// <summary>What there is to do.</summary>
    public EngineStatus Status
    {
        get
        {
            lock (_lock)
                return _status with { Waiting = _waiting.Count };
        }
    }

    /// <summary>
    /// Computes a request's replies. The request is taken at the call, not when the stream is read; one that is cancelled, or whose stream is left,
    /// gives up its place within a step. A stream that was cancelled ends with updates that say so.
    /// </summary>
    /// <exception cref="HymbaException">The request asks for what is not allowed, or needs more memory or a longer context than there is.</exception>
    /// <exception cref="EngineBusyException">As many requests wait as may.</exception>
    /// <exception cref="ObjectDisposedException">The engine takes no more requests.</exception>
    public IAsyncEnumerable<EngineUpdate> GenerateAsync(EngineRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(Model, _options.MaxSequences);
        long bytes = request.Replies * Model.MaxStateBytes((int)Math.Min((long)request.Prompt.Length + (request.Options.MaxTokens ?? int.MaxValue), Model.ContextLength));
        if (bytes > _stateBytes)
            throw new EngineMemoryException(bytes, _stateBytes);
        EngineTask task = new(request, bytes, cancellationToken);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_draining || _stopping, this);
            int places = Math.Max(0, _options.MaxSequences - _status.Running);
            if (_waiting.Count >= _options.MaxWaiting + places)
            {
                _meter.Refused();
                throw new EngineBusyException(_waiting.Count, TimeSpan.FromSeconds(Math.Clamp(_meter.MeanSeconds * _waiting.Count / _options.MaxSequences, 1, 600)));
            }
            _waiting.Add(task);
            _work.Set();
        }
        return ReadAsync(task, CancellationToken.None);
    }

    /// <summary>
    /// The state that has passed the longest beginning of some tokens, of those kept: a session of the caller's own, standing there. Null where none is kept.
    /// </summary>
    public Task<HymbaSession?> CopyStateAsync(ReadOnlyMemory<int> tokens)
    {
        TaskCompletionSource<HymbaSession?> copied = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Command(scheduler => copied.SetResult(scheduler.CopyPrefix(tokens.Span)));
        return copied.Task;
    }

    /// <summary>Keeps a session's state for prompts that begin with its tokens. The session is the engine's from here on.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isPinned">Whether it stays for as long as the engine, whatever else needs memory.</param>
    /// <exception cref="ArgumentException">It is a session of another model.</exception>
    public void KeepState(HymbaSession session, bool isPinned = false)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (session.Model != Model)
            throw new ArgumentException("The session is of another model.", nameof(session));
        Command(scheduler => scheduler.KeepPrefix(session, isPinned));
    }

    /// <summary>Takes no more requests, and waits until those taken have ended.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _draining = true;
            _work.Set();
        }
        await _drained.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the requests under way as cancelled, and the engine.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopping)
                return;
            _stopping = true;
            _work.Set();
        }
        _thread.Join();
        _meter.Dispose();
        _work.Dispose();
    }

    private static async IAsyncEnumerable<EngineUpdate> ReadAsync(EngineTask task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (EngineUpdate update in task.Updates.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return update;
        }
        finally
        {
            task.Abandon();
        }
    }

    /// <summary>Has the engine's thread do something between steps.</summary>
    private void Command(Action<Scheduler> command)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _commands.Add(command);
            _work.Set();
        }
    }

    private void Run()
    {
        while (true)
        {
            _work.Wait();
            if (!Admit())
                break;
            _scheduler.Step();
        }
        lock (_lock)
        {
            _commands.ForEach(command => command(_scheduler));
            _scheduler.Dispose();
            _waiting.ForEach(task => task.CancelUnread());
            _waiting.Clear();
            _status = _status with { Running = 0, ReservedBytes = 0, Prefixes = 0, PrefixBytes = 0 };
        }
        _ = _drained.TrySetResult();
    }

    /// <summary>Takes what has room from the queue, and rests where nothing is to do. False where the engine ends.</summary>
    private bool Admit()
    {
        lock (_lock)
        {
            if (_stopping)
                return false;
            _commands.ForEach(command => command(_scheduler));
            _commands.Clear();
            foreach (EngineTask task in _waiting.Where(task => task.IsCancelled).ToArray())
            {
                task.CancelUnread();
                _ = _waiting.Remove(task);
            }
            while (_waiting.Count > 0 && TryAdmit(_waiting[0]))
                _waiting.RemoveAt(0);
            (int prefixes, long prefixBytes) = _scheduler.Prefixes;
            _status = new EngineStatus(_scheduler.Places, 0, _scheduler.ReservedBytes, _stateBytes, prefixes, prefixBytes);
            if (!_scheduler.IsIdle || _waiting.Count > 0)
                return true;
            _work.Reset();
            if (_draining)
                _ = _drained.TrySetResult();
            return true;
        }
    }

    private bool TryAdmit(EngineTask task)
    {
        try
        {
            return _scheduler.TryAdmit(task);
        }
        catch (Exception error)
        {
            task.Fail(error);
            return true;
        }
    }
}
