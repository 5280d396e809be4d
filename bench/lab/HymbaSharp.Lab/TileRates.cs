using System.Diagnostics;
using System.Runtime.Intrinsics;
using HymbaSharp.Diagnostics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Lab;

/// <summary>0003: the tile of a prompt's products alone on one thread, as a share of the integer peak: everything in the first-level cache, then with panels and weights from farther away, and before that whole products.</summary>
internal static unsafe class TileRates
{
    private const int Rows = BlockPanels.MaxRows;
    private const int Repeats = 40_000;

    public static void Run(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0]) : 9;
        foreach ((int outs, int columns) in ((int, int)[])[(8960, 1600), (1600, 3200), (1600, 5504)])
        {
            MeasureProduct(1, outs, columns, rounds);
            MeasureProduct(2, outs, columns, rounds);
        }
        using MachineSpeed machine = new(1, KernelPaths.Selected);
        foreach ((int blocks, int panels, int groups) in ((int, int, int)[])[(2, 1, 1), (6, 1, 1), (12, 1, 1), (25, 1, 1), (25, 4, 1), (25, 18, 1), (25, 18, 100), (12, 18, 1), (25, 86, 1), (25, 1, 100)])
        {
            Measure<Blocks8, Nibbles8>(machine, WeightType.Q8, blocks, panels, groups, rounds);
            Measure<Blocks4, Nibbles4>(machine, WeightType.Q4, blocks * 2, panels, groups, rounds);
        }
    }

    /// <summary>The whole product, quantising and handing out parts included.</summary>
    private static void MeasureProduct(int threads, int outs, int columns, int rounds)
    {
        const int Tokens = 512;
        using KernelContext context = new(KernelPaths.Selected, new WorkerPool(threads));
        using MachineSpeed machine = new(threads, KernelPaths.Selected);
        BlockLayout layout = new(WeightType.Q8, outs, columns);
        using NativeBuffer weights = new(layout.Bytes), input = new((long)Tokens * columns * sizeof(float)), output = new((long)Tokens * outs * sizeof(float));
        FillWeights(weights, layout);
        for (int i = 0; i < Tokens * columns; i++)
            input.Floats[i] = i % 251;
        Matrix x = new(input.Floats, Tokens, columns, columns), y = new(output.Floats, Tokens, outs, outs);
        List<double> shares = [];
        for (int round = -2; round < rounds; round++)
        {
            double peak = machine.IntegerOperationsPerSecond();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 5; i++)
                MatMul.Multiply(context, new WeightMatrix(WeightType.Q8, (byte*)weights.Floats, outs, columns), x, y);
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds / 5;
            if (round >= 0)
                shares.Add(2.0 * Tokens * outs * columns / elapsed / peak);
        }
        Console.WriteLine($"Q8 [{outs}, {columns}] × {Tokens} on {threads} threads: {shares.Order().ElementAt(rounds / 2):0.0 %} of the peak (best {shares.Max():0.0 %})");
    }

    private static void Measure<B, N>(MachineSpeed machine, WeightType type, int blocks, int panelCount, int groups, int rounds) where B : struct, IBlockFormat where N : struct, INibbleFormat
    {
        BlockLayout layout = new(type, groups * BlockLayout.GroupRows, blocks * (type == WeightType.Q8 ? 64 : 32));
        using NativeBuffer weights = new(layout.Bytes), panels = new(BlockPanels.Bytes(Rows * panelCount, layout)), sums = new(Rows * BlockLayout.GroupRows * sizeof(float));
        FillWeights(weights, layout);
        BlockPanels laidOut = new((byte*)panels.Floats, Rows * panelCount, layout);
        new Span<float>(laidOut.Scales, Rows * panelCount * layout.Blocks).Fill(0.01f);
        sums.AsSpan(0, Rows * BlockLayout.GroupRows * sizeof(float)).Clear();
        int tiles = Math.Max(Repeats / blocks / groups / panelCount, 1) * groups * panelCount;
        foreach (bool byNibbles in (bool[])[false, true])
        {
            List<double> shares = [];
            for (int round = -2; round < rounds; round++)
            {
                double peak = machine.IntegerOperationsPerSecond();
                long start = Stopwatch.GetTimestamp();
                for (int done = 0; done < tiles; done += groups * panelCount)
                {
                    for (int group = 0; group < groups; group++)
                    {
                        byte* record = (byte*)weights.Floats + ((nint)group * layout.GroupBytes), quants = record + layout.QuantOffset;
                        for (int panel = 0; panel < panelCount; panel++)
                        {
                            int row = panel * Rows;
                            sbyte* x = laidOut.Quants + ((nint)row * laidOut.PaddedColumns);
                            float* scales = laidOut.Scales + ((nint)row * layout.Blocks);
                            int* offsets = laidOut.Offsets + ((nint)row * layout.Blocks);
                            Prefetch ahead = Prefetch.Share(quants + layout.GroupBytes, layout.BlockBytes, layout.Blocks, panel, panelCount);
                            if (byNibbles)
                                NibbleKernel<N>.Multiply((ushort*)record, quants, x, scales, offsets, Rows, layout.Blocks, ahead, sums.Floats);
                            else
                                BlockKernel<ByteDot256<VnniProducts>, Vector256<int>, Simd256, Vector256<float>, B>.Multiply((ushort*)record, quants, x, scales, offsets, Rows, layout.Blocks, ahead, sums.Floats);
                        }
                    }
                }
                double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (round >= 0)
                    shares.Add(2.0 * tiles * BlockLayout.GroupRows * Rows * layout.Columns / elapsed / peak);
            }
            Console.WriteLine($"{type} {layout.Columns} columns, {panelCount} panels, {groups} groups, {(byNibbles ? "512-bit nibbles" : "256-bit dot products")}: {shares.Order().ElementAt(rounds / 2):0.0 %} of the peak (best {shares.Max():0.0 %})");
        }
    }

    // Scales as a model has them: arithmetic on subnormal numbers takes many times as long.
    private static void FillWeights(NativeBuffer weights, BlockLayout layout)
    {
        new Random(1).NextBytes(weights.AsSpan(0, (int)layout.Bytes));
        for (int group = 0; group < layout.Groups; group++)
            new Span<ushort>((byte*)weights.Floats + ((long)group * layout.GroupBytes), layout.Blocks * BlockLayout.GroupRows).Fill(0x3C00);
    }
}
