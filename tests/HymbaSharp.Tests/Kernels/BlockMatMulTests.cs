using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class BlockMatMulTests
{
    public static TheoryData<KernelPath, WeightType> Each
    {
        get
        {
            TheoryData<KernelPath, WeightType> data = [];
            foreach (KernelPath path in KernelPaths.Available)
            {
                data.Add(path, WeightType.Q8);
                data.Add(path, WeightType.Q4);
            }
            return data;
        }
    }

    public static TheoryData<KernelPath, WeightType> EachVector => [.. Each.Where(row => row.Data.Item1 != KernelPath.Scalar)];

    /// <summary>Quantised activations are off by half a step, a step being a 127th of the largest in the block; what is left is float32's rounding.</summary>
    [Theory]
    [MemberData(nameof(Each))]
    public void Multiplies_as_exactly_as_quantised_activations_allow(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 200; columns += 7)
        {
            int rows = 1 + (columns % 13), outs = 1 + (columns * 37 % 50);
            Product product = new(type, rows, columns, outs, seed: columns);
            (double[] exact, double[] allowed) = product.Exact(accumulate: columns % 2 == 0);
            Precise.AssertWithin(product.Run(context, columns % 2 == 0, gap: columns % 5, (Edge)(columns / 2 % 2)), i => exact[i], i => allowed[i], $"[{outs}, {columns}] × {rows}");
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Every_path_gives_the_scalar_twins_bits(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(2)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        for (int rows = 1; rows <= 20; rows++)
        {
            Product product = new(type, rows, columns: 1 + (rows * 31 % 200), outs: 1 + (rows * 17 % 60), seed: rows);
            Assert.Equal(product.Run(twin, accumulate: rows % 2 == 0), product.Run(context, accumulate: rows % 2 == 0));
        }
    }

    /// <summary>More columns than a pass, more rows than a chunk.</summary>
    [Theory]
    [MemberData(nameof(EachVector))]
    public void Passes_and_chunks_leave_the_bits_as_they_are(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        Product many = new(type, rows: 250, columns: 4000, outs: 37, seed: 1);
        float[] all = many.Run(context, accumulate: true);
        foreach (int row in (int[])[0, 5, 6, 107, 249])
        {
            Product one = many.Row(row);
            Assert.Equal(one.Run(context, accumulate: true), all[(row * 37)..((row + 1) * 37)]);
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Results_do_not_depend_on_the_thread_count(KernelPath path, WeightType type)
    {
        foreach (int rows in (int[])[1, 3, 8, 40])
        {
            Product product = new(type, rows, columns: 300, outs: 203, seed: rows);
            float[]? expected = null;
            foreach (int threads in (int[])[1, 2, 5])
            {
                using KernelContext context = new(path, new WorkerPool(threads));
                float[] y = product.Run(context, accumulate: false);
                expected ??= y;
                Assert.Equal(expected, y);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void A_special_value_in_a_row_reaches_this_row_alone_and_all_of_it(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        foreach (float special in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            Product plain = new(type, rows: 7, columns: 70, outs: 20, seed: 1), product = new(type, rows: 7, columns: 70, outs: 20, seed: 1);
            product.X[(3 * 70) + 66] = special;
            float[] expected = plain.Run(context, accumulate: false), y = product.Run(context, accumulate: false);
            Assert.All(y[60..80], value => Assert.False(float.IsFinite(value)));
            Assert.Equal(expected[..60], y[..60]);
            Assert.Equal(expected[80..], y[80..]);
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Tiny_and_huge_activations_keep_their_scale(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        foreach (float factor in (float[])[0, 1e-38f, 1e-20f, 1e20f, 1e30f])
        {
            Product product = new(type, rows: 2, columns: 64, outs: 16, seed: 3);
            for (int i = 0; i < product.X.Length; i++)
                product.X[i] *= factor;
            (double[] exact, double[] allowed) = product.Exact(accumulate: false);
            Precise.AssertWithin(product.Run(context, accumulate: false), i => exact[i], i => allowed[i] + 1e-29, $"× {factor}");
        }
    }

    /// <summary>The instruction sets that a wider path would hide: their integer sums are exact, extremes included.</summary>
    [Fact]
    public void Every_instruction_set_sums_the_same_integers()
    {
        if (Avx2.IsSupported)
            CheckSums<ByteDot256<Avx2Products>, Vector256<int>, Vector256<float>>();
        if (AvxVnni.IsSupported)
            CheckSums<ByteDot256<VnniProducts>, Vector256<int>, Vector256<float>>();
        CheckSums<ByteDot128, Vector128<int>, Vector128<float>>();
    }

    /// <summary>Quants by halves are what 512-bit machines without byte dot products use for 8 bits too; extremes fill their 16-bit sums.</summary>
    [Theory]
    [InlineData(WeightType.Q8)]
    [InlineData(WeightType.Q4)]
    public void Quants_by_halves_give_the_bits_of_whole_ones(WeightType type)
    {
        Assert.SkipUnless(Avx512BW.IsSupported, "AVX-512BW is not available.");
        foreach (int rows in (int[])[1, 2, 4, 6])
        {
            for (int trial = 0; trial < 20; trial++)
            {
                BlockLayout layout = new(type, BlockLayout.GroupRows, 64 * (1 + trial));
                Random random = new(trial);
                using NativeBuffer weights = new(layout.Bytes), panel = new(BlockPanels.Bytes(rows, layout)), y = new(2 * rows * BlockLayout.GroupRows * sizeof(float));
                byte* quants = (byte*)weights.Floats + layout.QuantOffset;
                for (int i = 0; i < layout.Blocks * layout.BlockBytes; i++)
                    quants[i] = trial % 2 == 0 ? (byte)255 : (byte)random.Next(1, 256);
                for (int i = 0; i < layout.Blocks * BlockLayout.GroupRows; i++)
                    ((ushort*)weights.Floats)[i] = (ushort)(0x3C00 + random.Next(256));
                BlockPanels x = new((byte*)panel.Floats, rows, layout);
                for (int i = 0; i < rows * layout.PaddedColumns; i++)
                    x.Quants[i] = trial % 2 == 0 ? (sbyte)(trial % 4 == 0 ? 127 : -127) : (sbyte)random.Next(-127, 128);
                for (int i = 0; i < rows * layout.Blocks; i++)
                {
                    // Of block i / rows and row i % rows: quads of the rows lie in turn.
                    int sum = 0;
                    for (int column = 0; column < layout.BlockColumns; column++)
                        sum += x.Quants[(i / rows * layout.BlockColumns * rows) + (column / 4 * 4 * rows) + (i % rows * 4) + (column % 4)];
                    (x.Scales[i], x.Offsets[i]) = (random.NextSingle(), -layout.Zero * sum);
                }
                float* whole = y.Floats, halves = y.Floats + (rows * BlockLayout.GroupRows);
                y.AsSpan(0, (int)y.Bytes).Clear();
                Prefetch ahead = Prefetch.Stream(quants, layout.BlockBytes);
                if (type == WeightType.Q8)
                {
                    BlockKernel<ByteDot128, Vector128<int>, Simd128, Vector128<float>, Blocks8>.Multiply((ushort*)weights.Floats, quants, x.Quants, x.Scales, x.Offsets, rows, layout.Blocks, ahead, whole);
                    NibbleKernel<Nibbles8>.Multiply((ushort*)weights.Floats, quants, x.Quants, x.Scales, x.Offsets, rows, layout.Blocks, ahead, halves);
                }
                else
                {
                    BlockKernel<ByteDot128, Vector128<int>, Simd128, Vector128<float>, Blocks4>.Multiply((ushort*)weights.Floats, quants, x.Quants, x.Scales, x.Offsets, rows, layout.Blocks, ahead, whole);
                    NibbleKernel<Nibbles4>.Multiply((ushort*)weights.Floats, quants, x.Quants, x.Scales, x.Offsets, rows, layout.Blocks, ahead, halves);
                }
                for (int i = 0; i < rows * BlockLayout.GroupRows; i++)
                    Assert.Equal(whole[i], halves[i]);
            }
        }
    }

    private static void CheckSums<D, V, F>() where D : struct, IByteDot<V, F> where V : unmanaged where F : struct
    {
        Random random = new(1);
        byte* quants = stackalloc byte[32];
        sbyte* activations = stackalloc sbyte[32];
        for (int trial = 0; trial < 2000; trial++)
        {
            bool isExtreme = trial % 2 == 0;
            for (int i = 0; i < 32; i++)
            {
                quants[i] = isExtreme ? (byte)(random.Next(2) == 0 ? 1 : 255) : (byte)random.Next(1, 256);
                activations[i] = isExtreme ? (sbyte)(random.Next(2) == 0 ? -127 : 127) : (sbyte)random.Next(-127, 128);
            }
            V w = D.Load(quants), a = D.Load((byte*)activations), bytes = D.DotBytes(D.Create(trial), w, a);
            V low = D.DotNibbles(D.Zero, D.LowNibbles(w), a), high = D.DotNibbles(D.Zero, D.HighNibbles(w), a);
            for (int lane = 0; lane < D.Count; lane++)
            {
                int expected = trial, expectedLow = 0, expectedHigh = 0;
                for (int i = 4 * lane; i < (4 * lane) + 4; i++)
                {
                    expected += (quants[i] - (D.IsSigned ? 128 : 0)) * activations[i];
                    expectedLow += (quants[i] & 15) * activations[i];
                    expectedHigh += (quants[i] >> 4) * activations[i];
                }
                Assert.Equal((expected, expectedLow, expectedHigh), (((int*)&bytes)[lane], ((int*)&low)[lane], ((int*)&high)[lane]));
            }
        }
    }

    private sealed class Product(WeightType type, int rows, int columns, int outs, int seed)
    {
        private readonly float[] _y = new Samples(seed + 2).Terms(rows * outs);

        public float[] Weights { get; private init; } = new Samples(seed).Terms(outs * columns);

        public float[] X { get; private init; } = new Samples(seed + 1).Uniform(rows * columns, -2, 2);

        public Product Row(int row)
        {
            Product one = new(type, 1, columns, outs, seed) { Weights = Weights, X = X[(row * columns)..((row + 1) * columns)] };
            _y.AsSpan(row * outs, outs).CopyTo(one._y);
            return one;
        }

        public float[] Run(KernelContext context, bool accumulate, int gap = 0, Edge edge = Edge.End)
        {
            using GuardedBlocks weights = new(type, outs, columns, Weights, edge);
            using GuardedMatrix x = new GuardedMatrix(rows, columns, gap, edge).Fill(X), y = new(rows, outs, gap + 1, edge);
            if (accumulate)
                y.Values = _y;
            MatMul.Multiply(context, weights.Matrix, x, y, accumulate);
            x.AssertGapsUntouched();
            y.AssertGapsUntouched();
            return y.Values;
        }

        public (double[] Exact, double[] Allowed) Exact(bool accumulate)
        {
            using GuardedBlocks stored = new(type, outs, columns, Weights);
            int blockColumns = stored.Matrix.Blocks!.Value.BlockColumns;
            double[] exact = new double[rows * outs], allowed = new double[rows * outs];
            for (int i = 0; i < exact.Length; i++)
            {
                ReadOnlySpan<float> w = stored.Values.AsSpan(i % outs * columns, columns), x = X.AsSpan(i / outs * columns, columns);
                double sum = accumulate ? _y[i] : 0, error = Math.Abs(sum) * Precise.Unit;
                for (int first = 0; first < columns; first += blockColumns)
                {
                    int end = Math.Min(first + blockColumns, columns);
                    float most = 0;
                    for (int k = first; k < end; k++)
                        most = Math.Max(most, Math.Abs(x[k]));
                    for (int k = first; k < end; k++)
                    {
                        sum += (double)w[k] * x[k];
                        error += Math.Abs(w[k]) * ((0.501 * most / 127) + (16 * Precise.Unit * most));
                    }
                }
                (exact[i], allowed[i]) = (sum, error);
            }
            return (exact, allowed);
        }
    }
}
