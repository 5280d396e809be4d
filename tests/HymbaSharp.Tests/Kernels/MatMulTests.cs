using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Kernels;

/// <summary>
/// Every term of every sum is at least a quarter, and every sum must be within (n + 2) · 2⁻²⁴ of the sum of its n terms' magnitudes, the
/// bound for sums in any order, or for long ones within 8 · √n · 2⁻²⁴, as independent roundings are. That is half a term at most, so one that
/// is missing or wrong cannot hide.
/// </summary>
public sealed class MatMulTests
{
    // Where dot products give way to tiles.
    private const int Switch = 24;

    private static readonly WeightType[] Types = [WeightType.F32, WeightType.F16, WeightType.BF16];

    public static TheoryData<KernelPath, WeightType> Each
    {
        get
        {
            TheoryData<KernelPath, WeightType> data = [];
            foreach (KernelPath path in KernelPaths.Available)
            {
                foreach (WeightType type in Types)
                    data.Add(path, type);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Multiplies_every_width_on_both_sides_of_the_switch(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 256; columns++)
        {
            Check(context, type, rows: 1 + (columns % (Switch - 1)), columns, outs: 1 + (columns * 37 % 40), columns);
            Check(context, type, rows: Switch + (columns * 7 % 47), columns, outs: 1 + (columns * 61 % 40), columns);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Multiplies_every_number_of_rows_with_every_number_of_results(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(3));
        for (int rows = 1; rows <= 70; rows++)
        {
            // Seven shares no divisor with the sizes of blocks and tiles, so all their remainders meet all numbers of rows.
            for (int outs = 1 + (rows % 7); outs <= 100; outs += 7)
                Check(context, Types[outs % 3], rows, columns: 19, outs, seed: rows + outs);
        }
    }

    /// <summary>Deeper than one pass over a panel (512), and blocks of weight rows from the widest to the narrowest.</summary>
    [Theory]
    [MemberData(nameof(Each))]
    public void Multiplies_matrices_of_many_blocks(KernelPath path, WeightType type)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        Check(context, type, rows: 33, columns: 1500, outs: 110, seed: 1);
        Check(context, type, rows: 65, columns: 513, outs: 199, seed: 2);
        Check(context, type, rows: Switch, columns: 6001, outs: 31, seed: 3);
        Check(context, type, rows: 1, columns: 6001, outs: 31, seed: 4);
        Check(context, type, rows: 6, columns: 1024, outs: 203, seed: 5);
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Results_do_not_depend_on_the_thread_count(KernelPath path, WeightType type)
    {
        foreach (int rows in (int[])[1, 2, 5, Switch - 1, Switch, 70])
        {
            Product product = new(type, rows, columns: 300, outs: 203, seed: rows);
            float[]? expected = null;
            foreach (int threads in (int[])[1, 2, 3, 7])
            {
                using KernelContext context = new(path, new WorkerPool(threads));
                float[] y = product.Run(context, accumulate: false);
                expected ??= y;
                Assert.Equal(expected, y);
            }
        }
    }

    /// <summary>A row's results are the same bits whatever the other rows are, alone and among few, and among many; between these only rounding differs.</summary>
    [Theory]
    [MemberData(nameof(Each))]
    public void A_row_does_not_depend_on_the_others(KernelPath path, WeightType type)
    {
        const int columns = 131, outs = 29;
        using KernelContext context = new(path, new WorkerPool(2));
        float[] few = new Product(type, 1, columns, outs, seed: 1).Run(context, accumulate: false);
        float[] many = new Product(type, Switch, columns, outs, seed: 1).Run(context, accumulate: false);
        for (int rows = 2; rows < Switch; rows++)
            Assert.Equal(few, new Product(type, rows, columns, outs, seed: 1).Run(context, accumulate: false)[..few.Length]);
        for (int rows = Switch; rows <= 70; rows++)
            Assert.Equal(many, new Product(type, rows, columns, outs, seed: 1).Run(context, accumulate: false)[..many.Length]);
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void A_special_value_in_a_row_reaches_this_row_alone(KernelPath path, WeightType type)
    {
        const int columns = 37, outs = 13;
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        foreach (int rows in (int[])[1, 6, Switch + 1])
        {
            for (int i = 0; i < columns; i++)
            {
                float special = Samples.Special[i % Samples.Special.Length];
                Product inX = new(type, rows, columns, outs, seed: i), inWeights = new(type, rows, columns, outs, seed: i);
                inX.X[(i % rows * columns) + i] = special;
                inWeights.Weights[(i % outs * columns) + i] = special;
                foreach (Product product in (Product[])[inX, inWeights])
                {
                    float[] expected = product.Run(twin, accumulate: false);
                    (_, double[] allowed) = product.Exact(accumulate: false);
                    Precise.AssertWithin(product.Run(context, accumulate: false), k => expected[k], k => 2 * allowed[k], $"{special} at {i}, {rows} rows");
                }
            }
        }
    }

    [Fact]
    public void Refuses_operands_of_different_shapes_and_takes_no_rows()
    {
        using KernelContext context = new(KernelPaths.Selected, new WorkerPool(1));
        using GuardedWeights weights = new(WeightType.F32, 2, 3, new float[6]);
        using GuardedMatrix x = new(4, 3), y = new(4, 2), low = new(3, 2);
        MatMul.Multiply(context, weights.Matrix, x, y);
        MatMul.Multiply(context, weights.Matrix, ((Matrix)x).SliceRows(0, 0), ((Matrix)y).SliceRows(0, 0));
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(context, weights.Matrix, y, y));
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(context, weights.Matrix, x, x));
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(context, weights.Matrix, x, low));
    }

    private static void Check(KernelContext context, WeightType type, int rows, int columns, int outs, int seed)
    {
        Product product = new(type, rows, columns, outs, seed);
        bool accumulate = seed % 2 == 1;
        (double[] exact, double[] allowed) = product.Exact(accumulate);
        float[] y = product.Run(context, accumulate, gap: seed % 5, (Edge)(seed / 2 % 2));
        Precise.AssertWithin(y, i => exact[i], i => allowed[i], $"[{outs}, {columns}] × {rows}");
    }

    private sealed class Product(WeightType type, int rows, int columns, int outs, int seed)
    {
        public float[] Weights { get; } = new Samples(seed).Terms(outs * columns);

        public float[] X { get; } = new Samples(seed + 1).Terms(rows * columns);

        private readonly float[] _y = new Samples(seed + 2).Terms(rows * outs);

        public float[] Run(KernelContext context, bool accumulate, int gap = 0, Edge edge = Edge.End)
        {
            using GuardedWeights weights = new(type, outs, columns, Weights, edge);
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
            using GuardedWeights stored = new(type, outs, columns, Weights);
            double[] exact = new double[rows * outs], allowed = new double[rows * outs];
            for (int i = 0; i < exact.Length; i++)
            {
                ReadOnlySpan<float> w = stored.Values.AsSpan(i % outs * columns, columns), x = X.AsSpan(i / outs * columns, columns);
                double sum = accumulate ? _y[i] : 0, magnitude = Math.Abs(sum);
                for (int k = 0; k < columns; k++)
                {
                    double term = (double)w[k] * x[k];
                    sum += term;
                    magnitude += Math.Abs(term);
                }
                (exact[i], allowed[i]) = (sum, Math.Min(columns + 2, 8 * Math.Sqrt(columns + 2)) * Precise.Unit * magnitude);
            }
            return (exact, allowed);
        }
    }
}
