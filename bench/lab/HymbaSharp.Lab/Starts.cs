using System.Diagnostics;
using HymbaSharp.Threading;

namespace HymbaSharp.Lab;

/// <summary>0005: what it costs to start a piece of work on the pool, to hand out a part of it, and to end it, where the parts do nothing.</summary>
internal static class Starts
{
    private const int Runs = 100_000;

    public static void Run()
    {
        foreach (int threads in (int[])[1, 2])
        {
            using WorkerPool pool = new(threads);
            foreach (int parts in (int[])[2, 8, 32])
            {
                List<double> times = [];
                for (int round = 0; round < 9; round++)
                {
                    Nothing work = default;
                    long start = Stopwatch.GetTimestamp();
                    for (int i = 0; i < Runs; i++)
                        pool.Run(ref work, parts);
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / Runs);
                }
                Console.WriteLine($"{threads} threads, {parts} parts: {times.Order().ElementAt(4):0.000} µs ({times.Min():0.000}–{times.Max():0.000})");
            }
        }
    }

    private struct Nothing : IParallelWork
    {
        public readonly void Execute(int part, int worker)
        {
        }
    }
}
