using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace HymbaSharp.Threading;

/// <summary>Work that splits into numbered parts which may run in any order and at the same time.</summary>
internal interface IParallelWork
{
    /// <summary>Does part <paramref name="part"/> on thread <paramref name="worker"/>, 0 … threads − 1; a worker does one part at a time.</summary>
    void Execute(int part, int worker);
}

/// <summary>
/// Threads that run the parts of one piece of work at a time, the caller among them. Each has a fixed share, parts that follow one another
/// and are the same whenever the work is, and takes from the others' when its own is done: a thread that the machine holds up delays only
/// the part it has. Between pieces of work the threads spin for a moment (the next one usually follows within microseconds) and then sleep,
/// so an idle model burns nothing. Starting work allocates nothing.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 2_000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _callers = new();

    // The work under way: a thread takes a part by advancing a share, and only then reads what to execute: holding a part, it keeps the
    // work from ending. Between two pieces of work no part is left, so a thread that comes late either fails to advance the share or takes
    // a part of the work now under way, whatever it saw before.
    private readonly Share[] _shares;
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
        _shares = new Share[threads];
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
            HandOut(parts);
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

    private void HandOut(int parts)
    {
        int first = 0;
        for (int i = 0; i < _shares.Length; i++)
        {
            int end = (int)(((long)parts * (i + 1) + _shares.Length - 1) / _shares.Length);
            Volatile.Write(ref _shares[i].Parts, Share.Of(first, end));
            first = end;
        }
        // Seen by all before the caller looks for sleepers.
        Interlocked.MemoryBarrier();
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
            if (!SpinForWork(worker))
                Sleep(worker);
        }
    }

    private bool SpinForWork(int worker)
    {
        for (int i = 0; i < SpinsBeforeSleep && !_stopping; i++)
        {
            if (_shares[worker].HasParts)
                return true;
            Thread.SpinWait(20);
        }
        return false;
    }

    private void Sleep(int worker)
    {
        // Announced before the last look, and the caller looks after it has published: one of the two sees the other.
        Interlocked.Increment(ref _sleeping);
        if ((_shares[worker].HasParts || _stopping) && TakeSleepers(1) == 1)
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

    // First its own share, then what is left of the others', the next thread's first.
    private void TakeParts(int worker)
    {
        for (int i = 0, share = worker; i < _shares.Length; i++)
        {
            TakeParts(ref _shares[share], worker);
            share = share + 1 == _shares.Length ? 0 : share + 1;
        }
    }

    private void TakeParts(ref Share share, int worker)
    {
        int done = 0;
        while (share.TryTake(out int part))
        {
            try
            {
                _execute(_work, part, worker);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            }
            done++;
        }
        if (done > 0)
            Interlocked.Add(ref _finished, done);
    }

    /// <summary>Parts of the work under way, first of all for one thread: the end in the upper half, the next to take in the lower. Two cache lines, so that neighbours don't wait for each other.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Share
    {
        public long Parts;

        public static long Of(int next, int end) => (long)end << 32 | (uint)next;

        public readonly bool HasParts => Left(Volatile.Read(in Parts));

        public bool TryTake(out int part)
        {
            while (true)
            {
                long parts = Volatile.Read(ref Parts);
                part = (int)parts;
                if (!Left(parts))
                    return false;
                if (Interlocked.CompareExchange(ref Parts, parts + 1, parts) == parts)
                    return true;
            }
        }

        private static bool Left(long parts) => (int)parts < (int)(parts >> 32);
    }
}
