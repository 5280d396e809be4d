using System.Diagnostics;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Threading;

[Collection(nameof(Alone))]
public sealed class WorkerPoolRestTests
{
    private static readonly TimeSpan Watched = TimeSpan.FromMilliseconds(300);

    // One thread that spun all the time would use all of it.
    private static readonly TimeSpan Nothing = Watched / 4;

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Threads_without_work_sleep(int threads)
    {
        using WorkerPool pool = new(threads);
        Run(pool, pieces: 100);
        AssertSleeping();
    }

    [Fact]
    public void Threads_that_were_woken_faster_than_they_rose_go_back_to_sleep()
    {
        using WorkerPool pool = new(15);
        for (int i = 0; i < 20; i++)
        {
            Run(pool, pieces: 1_000);
            Thread.Sleep(10);
        }
        AssertSleeping();
    }

    [Fact]
    public void Sleeping_threads_wake_for_work()
    {
        using WorkerPool pool = new(3);
        for (int i = 0; i < 10; i++)
        {
            Thread.Sleep(20);
            // Each part waits for the two others: it needs all three threads.
            Meeting work = new(new Barrier(3));
            pool.Run(ref work, 3);
        }
    }

    [Fact]
    public void Starting_work_allocates_nothing()
    {
        using WorkerPool pool = new(3);
        Run(pool, pieces: 1_000);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Run(pool, pieces: 5_000);
        Assert.Equal(0, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    // The process has other threads too, which compile and collect: the quietest of several looks counts. Threads that spin leave none quiet.
    private static void AssertSleeping()
    {
        TimeSpan quietest = TimeSpan.MaxValue;
        for (int look = 0; look < 10 && quietest > Nothing; look++)
        {
            Thread.Sleep(200);
            using Process process = Process.GetCurrentProcess();
            TimeSpan before = process.TotalProcessorTime;
            Thread.Sleep(Watched);
            process.Refresh();
            TimeSpan used = process.TotalProcessorTime - before;
            quietest = used < quietest ? used : quietest;
        }
        Assert.InRange(quietest, TimeSpan.Zero, Nothing);
    }

    private static void Run(WorkerPool pool, int pieces)
    {
        Idle work = default;
        for (int i = 0; i < pieces; i++)
            pool.Run(ref work, 32);
    }

    private struct Idle : IParallelWork
    {
        public readonly void Execute(int part, int worker) => Thread.SpinWait(1);
    }

    private readonly struct Meeting(Barrier barrier) : IParallelWork
    {
        public void Execute(int part, int worker) => Assert.True(barrier.SignalAndWait(TimeSpan.FromSeconds(20)));
    }
}
