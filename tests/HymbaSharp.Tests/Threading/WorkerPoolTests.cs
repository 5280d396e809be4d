using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Threading;

public sealed unsafe class WorkerPoolTests
{
    public static TheoryData<int> Threads => [1, 2, 3, 7];

    [Theory]
    [MemberData(nameof(Threads))]
    public void Every_part_runs_exactly_once_in_each_of_many_pieces_of_work(int threads)
    {
        const int most = 40;
        using WorkerPool pool = new(threads);
        Span<int> counts = stackalloc int[most], all = stackalloc int[most];
        all.Fill(1);
        Random random = new(threads);
        fixed (int* c = counts)
        {
            for (int piece = 0; piece < 10_000; piece++)
            {
                int parts = random.Next(most + 1);
                counts.Clear();
                Count work = new(c);
                pool.Run(ref work, parts);
                Assert.True(counts[..parts].SequenceEqual(all[..parts]), $"piece {piece}");
                Assert.Equal(-1, counts[parts..].IndexOfAnyExcept(0));
            }
        }
    }

    [Fact]
    public void Work_sees_what_was_written_before_it_and_leaves_what_it_wrote()
    {
        using WorkerPool pool = new(3);
        long* values = stackalloc long[16];
        for (int piece = 1; piece <= 20_000; piece++)
        {
            Next work = new(values, piece);
            pool.Run(ref work, 16);
        }
        Assert.Equal(Enumerable.Repeat(20_000L, 16), new ReadOnlySpan<long>(values, 16).ToArray());
    }

    [Theory]
    [MemberData(nameof(Threads))]
    public void Work_may_have_no_part_or_one_or_far_more_than_threads(int threads)
    {
        using WorkerPool pool = new(threads);
        foreach (int parts in (int[])[0, 1, 2, 100_003])
        {
            int[] counts = new int[parts];
            fixed (int* c = counts)
            {
                Count work = new(c);
                pool.Run(ref work, parts);
            }
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void A_worker_does_one_part_at_a_time()
    {
        const int threads = 4;
        using WorkerPool pool = new(threads);
        int* busy = stackalloc int[threads];
        int clashes = 0;
        Exclusive work = new(busy, &clashes, threads);
        for (int piece = 0; piece < 200; piece++)
            pool.Run(ref work, 64);
        Assert.Equal(0, clashes);
    }

    [Theory]
    [MemberData(nameof(Threads))]
    public void An_error_of_a_part_surfaces_as_it_is_and_the_pool_goes_on(int threads)
    {
        using WorkerPool pool = new(threads);
        int* counts = stackalloc int[16];
        for (int piece = 0; piece < 200; piece++)
        {
            Failing failing = new(counts, piece % 16);
            InvalidDataException error = Assert.Throws<InvalidDataException>(() =>
            {
                Failing copy = failing;
                pool.Run(ref copy, 16);
            });
            Assert.Equal($"part {piece % 16}", error.Message);
            Count work = new(counts);
            new Span<int>(counts, 16).Clear();
            pool.Run(ref work, 16);
            Assert.Equal(-1, new Span<int>(counts, 16).IndexOfAnyExcept(1));
        }
    }

    [Fact]
    public void Callers_on_several_threads_take_turns()
    {
        using WorkerPool pool = new(3);
        int failures = 0;
        Thread[] callers = [.. Enumerable.Range(0, 4).Select(seed => new Thread(() => Call(seed)))];
        foreach (Thread caller in callers)
            caller.Start();
        foreach (Thread caller in callers)
            caller.Join();
        Assert.Equal(0, failures);

        void Call(int seed)
        {
            Random random = new(seed);
            int* counts = stackalloc int[20];
            for (int piece = 0; piece < 1_000; piece++)
            {
                int parts = random.Next(21);
                new Span<int>(counts, 20).Clear();
                Count work = new(counts);
                pool.Run(ref work, parts);
                if (new Span<int>(counts, parts).IndexOfAnyExcept(1) >= 0)
                    Interlocked.Increment(ref failures);
            }
        }
    }

    [Fact]
    public void A_part_that_starts_work_on_its_own_pool_is_refused()
    {
        using WorkerPool pool = new(3);
        for (int piece = 0; piece < 50; piece++)
        {
            Assert.Throws<InvalidOperationException>(() =>
            {
                Nested work = new(pool);
                pool.Run(ref work, 8);
            });
        }
        int* counts = stackalloc int[8];
        Count after = new(counts);
        pool.Run(ref after, 8);
        Assert.Equal(-1, new Span<int>(counts, 8).IndexOfAnyExcept(1));
    }

    [Fact]
    public void A_part_may_start_work_on_another_pool()
    {
        using WorkerPool outer = new(3), inner = new(2);
        int* counts = stackalloc int[8];
        Forwarding work = new(inner, counts);
        outer.Run(ref work, 12);
        Assert.Equal(-1, new Span<int>(counts, 8).IndexOfAnyExcept(12));
    }

    [Fact]
    public void Ends_while_its_threads_spin_and_while_they_sleep()
    {
        int* counts = stackalloc int[64];
        foreach (int pause in (int[])[0, 1, 60])
        {
            for (int i = 0; i < 5; i++)
            {
                WorkerPool pool = new(4);
                Count work = new(counts);
                pool.Run(ref work, 64);
                Thread.Sleep(pause);
                pool.Dispose();
                pool.Dispose();
                Assert.Throws<ObjectDisposedException>(() =>
                {
                    Count late = new(null);
                    pool.Run(ref late, 64);
                });
            }
        }
    }

    [Fact]
    public void Refuses_a_pool_without_threads() => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));

    private readonly struct Count(int* counts) : IParallelWork
    {
        public void Execute(int part, int worker) => Interlocked.Increment(ref counts[part]);
    }

    private readonly struct Next(long* values, long value) : IParallelWork
    {
        // Plain reads and writes: a part that ran twice, or before the last piece of work had ended, breaks the chain for good.
        public void Execute(int part, int worker) => values[part] = values[part] == value - 1 ? value : long.MinValue;
    }

    private readonly struct Exclusive(int* busy, int* clashes, int threads) : IParallelWork
    {
        public void Execute(int part, int worker)
        {
            if ((uint)worker >= (uint)threads || Interlocked.Exchange(ref busy[worker], 1) != 0)
            {
                Interlocked.Increment(ref *clashes);
                return;
            }
            Thread.SpinWait(200);
            Volatile.Write(ref busy[worker], 0);
        }
    }

    private readonly struct Failing(int* counts, int failing) : IParallelWork
    {
        public void Execute(int part, int worker)
        {
            if (part == failing)
                throw new InvalidDataException($"part {part}");
            Interlocked.Increment(ref counts[part]);
        }
    }

    private readonly struct Nested(WorkerPool pool) : IParallelWork
    {
        public void Execute(int part, int worker)
        {
            Count work = new(null);
            pool.Run(ref work, 8);
        }
    }

    private readonly struct Forwarding(WorkerPool inner, int* counts) : IParallelWork
    {
        public void Execute(int part, int worker)
        {
            Count work = new(counts);
            inner.Run(ref work, 8);
        }
    }
}
