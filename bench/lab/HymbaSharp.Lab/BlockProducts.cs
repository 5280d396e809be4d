using System.Diagnostics;
using HymbaSharp.Diagnostics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Lab;

/// <summary>0001: products with quantised weights at the shapes of the 1.5B model, as shares of read bandwidth and integer peak measured in the same rounds.</summary>
internal static unsafe class BlockProducts
{
    private static readonly (int Rows, int Columns)[] Shapes = [(8960, 1600), (1600, 3200), (5504, 1600), (1600, 5504)];

    public static void Run(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0]) : 7;
        int[] rowCounts = args.Length > 1 ? [.. args[1].Split(',').Select(int.Parse)] : [1, 2, 4, 8, 16, 512];
        using KernelContext context = new(KernelPaths.Selected, new WorkerPool(Environment.ProcessorCount));
        using MachineSpeed machine = new(Environment.ProcessorCount, KernelPaths.Selected);
        foreach (WeightType type in (WeightType[])[WeightType.Q8, WeightType.Q4])
        {
            foreach ((int outs, int columns) in Shapes)
            {
                BlockLayout layout = new(type, outs, columns);
                // As many copies as fill more than any cache, so that every product reads from memory.
                int copies = (int)Math.Max(400_000_000 / layout.Bytes, 1);
                using NativeBuffer memory = new(copies * layout.Bytes);
                Fill(memory, layout, copies);
                foreach (int rows in rowCounts)
                    Measure(context, machine, type, layout, memory, copies, rows, rounds);
            }
        }
    }

    private static void Measure(KernelContext context, MachineSpeed machine, WeightType type, BlockLayout layout, NativeBuffer memory, int copies, int rows, int rounds)
    {
        using NativeBuffer input = new((long)rows * layout.Columns * sizeof(float)), output = new((long)rows * layout.Rows * sizeof(float));
        for (long i = 0; i < (long)rows * layout.Columns; i++)
            input.Floats[i] = (float)Math.Sin(i);
        Matrix x = new(input.Floats, rows, layout.Columns, layout.Columns), y = new(output.Floats, rows, layout.Rows, layout.Rows);
        int products = rows >= 100 ? 1 : copies;
        List<double> bandwidth = [], peak = [], seconds = [];
        for (int round = -1; round < rounds; round++)
        {
            double read = machine.ReadBytesPerSecond(), operations = machine.IntegerOperationsPerSecond();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < products; i++)
                MatMul.Multiply(context, new WeightMatrix(type, (byte*)memory.Floats + (i * layout.Bytes), layout.Rows, layout.Columns), x, y);
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds / products;
            if (round < 0)
                continue;
            seconds.Add(elapsed);
            bandwidth.Add(layout.Bytes / elapsed / read);
            peak.Add(2.0 * rows * layout.Rows * layout.Columns / elapsed / operations);
        }
        Console.WriteLine($"{type} [{layout.Rows}, {layout.Columns}] × {rows}: {Median(seconds) * 1e6:0} µs, {layout.Bytes / Median(seconds) / 1e9:0.0} GB/s, {Median(bandwidth):0 %} of the bandwidth; {2.0 * rows * layout.Rows * layout.Columns / Median(seconds) / 1e9:0} GOP/s, {Median(peak):0 %} of the peak");
    }

    private static void Fill(NativeBuffer memory, BlockLayout layout, int copies)
    {
        Random random = new(1);
        random.NextBytes(memory.AsSpan(0, (int)layout.Bytes));
        for (int group = 0; group < layout.Groups; group++)
        {
            for (int i = 0; i < layout.Blocks * BlockLayout.GroupRows; i++)
                ((ushort*)((byte*)memory.Floats + ((long)group * layout.GroupBytes)))[i] = 0x3C00;
        }
        for (int copy = 1; copy < copies; copy++)
            memory.AsSpan(0, (int)layout.Bytes).CopyTo(memory.AsSpan(copy * layout.Bytes, (int)layout.Bytes));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
