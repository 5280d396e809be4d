using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace HymbaSharp.Threading;

/// <summary>Work that splits into numbered parts which may run in any order and at the same time.</summary>
internal interface IParallelWork
{
    /// <summary>Does part <paramref name="part"/> on thread <paramref name="worker"/>, 0 … threads − 1; a worker does one part at a time.</summary>
    void Execute(int part, int worker);
}

/// <summary>
/// Threads that run the parts of one piece of work at a time, the caller among them. Parts are handed out one by one, so a thread the
/// machine holds up delays only the part it has. Between pieces of work the threads spin for a moment (the next one usually follows within
/// microseconds) and then sleep, so an idle model burns nothing. Starting work allocates nothing.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 2_000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _callers = new();

    // The work under way: the number of its parts in the upper half, the next part to take in the lower. A thread takes a part by advancing
    // the word, and only then reads what to execute: holding a part, it keeps the work from ending. Between two pieces of work no part is
    // left, so a thread that comes late either fails to advance the word or takes a part of the work now under way, whatever it saw before.
    private long _ticket;
    private delegate*<void*, int, int, void> _execute;
    private void* _work;
    private int _finished;
    private int _sleeping;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;

    /// <summary>Starts <paramref name="threads"/> − 1 threads; the caller of <see cref="Run{TWork}"/> is the last one.</summary>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"HymbaSharp worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that work, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Where set, the time that each kind of work takes is added up in it.</summary>
    public WorkProfile? Profile { get; set; }

    /// <summary>
    /// Runs every part of <paramref name="work"/>, which must lie on the caller's stack, and returns when all have ended. Then the first error
    /// of a part is rethrown. Callers on several threads take turns; a part may not start work on its own pool.
    /// </summary>
    public void Run<TWork>(ref TWork work, int parts) where TWork : struct, IParallelWork
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Profile is null)
        {
            RunParts(ref work, parts);
            return;
        }
        long start = Stopwatch.GetTimestamp();
        RunParts(ref work, parts);
        Profile.Add(typeof(TWork), Stopwatch.GetTimestamp() - start);
    }

    private void RunParts<TWork>(ref TWork work, int parts) where TWork : struct, IParallelWork
    {
        if (parts <= 1 || _threads.Length == 0)
        {
            for (int part = 0; part < parts; part++)
                work.Execute(part, worker: 0);
            return;
        }
        if (_callers.IsHeldByCurrentThread || _threads.AsSpan().Contains(Thread.CurrentThread))
            throw new InvalidOperationException("A part of work may not start work on the pool that runs it.");
        lock (_callers)
        {
            _execute = &ExecutePart<TWork>;
            _work = Unsafe.AsPointer(ref work);
            _finished = 0;
            _failure = null;
            Interlocked.Exchange(ref _ticket, (long)parts << 32);
            int sleepers = TakeSleepers(parts - 1);
            if (sleepers > 0)
                _wake.Release(sleepers);
            TakeParts(worker: 0);
            SpinWait spin = default;
            while (Volatile.Read(ref _finished) < parts)
                spin.SpinOnce(sleep1Threshold: -1);
            _work = null;
            _failure?.Throw();
        }
    }

    /// <summary>Ends the threads; no work may be under way.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _wake.Release(Threads);
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    private static void ExecutePart<TWork>(void* work, int part, int worker) where TWork : struct, IParallelWork =>
        Unsafe.AsRef<TWork>(work).Execute(part, worker);

    private void Serve(int worker)
    {
        while (!_stopping)
        {
            TakeParts(worker);
            if (!SpinForWork())
                Sleep();
        }
    }

    private bool SpinForWork()
    {
        for (int i = 0; i < SpinsBeforeSleep && !_stopping; i++)
        {
            if (HasParts(Volatile.Read(ref _ticket)))
                return true;
            Thread.SpinWait(20);
        }
        return false;
    }

    private void Sleep()
    {
        // Announced before the last look, and the caller looks after it has published: one of the two sees the other.
        Interlocked.Increment(ref _sleeping);
        if ((HasParts(Interlocked.Read(ref _ticket)) || _stopping) && TakeSleepers(1) == 1)
            return;
        _wake.Wait();
    }

    // Whoever wakes a thread takes back its announcement, and so does a thread that stays awake. So there is one release for each wait,
    // however slowly threads rise: a release too many would end a later sleep at once, and thousands add up to minutes of spinning.
    private int TakeSleepers(int most)
    {
        while (true)
        {
            int sleeping = Volatile.Read(ref _sleeping);
            int taken = Math.Min(sleeping, most);
            if (taken == 0 || Interlocked.CompareExchange(ref _sleeping, sleeping - taken, sleeping) == sleeping)
                return taken;
        }
    }

    private void TakeParts(int worker)
    {
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket);
            if (!HasParts(ticket))
                return;
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
                continue;
            try
            {
                _execute(_work, (int)ticket, worker);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            }
            Interlocked.Increment(ref _finished);
        }
    }

    private static bool HasParts(long ticket) => (int)ticket < (int)(ticket >> 32);
}
