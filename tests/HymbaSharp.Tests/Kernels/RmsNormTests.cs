using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class RmsNormTests
{
    private const float Epsilon = 1e-6f;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Norms_rows_of_every_length_in_place_and_apart(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 256; columns++)
        {
            int rows = 1 + (columns % 19);
            Samples samples = new(columns);
            float[] values = samples.Terms(rows * columns), gains = samples.Terms(columns);
            using GuardedMatrix x = new GuardedMatrix(rows, columns, columns % 5, (Edge)(columns % 2)).Fill(values);
            using GuardedMatrix y = new(rows, columns, columns % 3, (Edge)(columns % 2));
            using GuardedMatrix gain = new GuardedMatrix(1, columns).Fill(gains);

            RmsNorm.Apply(context, x, new ReadOnlySpan<float>(gain.Data, columns), Epsilon, y);
            double[] exact = Exact(values, gains);
            Precise.AssertWithin(y.Values, i => exact[i], i => Relative(columns) * Math.Abs(exact[i]), $"[{rows}, {columns}]");
            Assert.Equal(values, x.Values);
            y.AssertGapsUntouched();

            RmsNorm.Apply(context, x, gains, Epsilon, x);
            Assert.Equal(y.Values, x.Values);
            x.AssertGapsUntouched();
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Takes_the_mean_of_two_norms_in_place_of_either(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 256; columns++)
        {
            int rows = 1 + (columns % 19);
            Samples samples = new(columns);
            float[] first = samples.Terms(rows * columns), second = samples.Terms(rows * columns);
            float[] firstGains = samples.Terms(columns), secondGains = samples.Terms(columns);
            double[] exactA = Exact(first, firstGains), exactB = Exact(second, secondGains);
            foreach (bool overA in (bool[])[true, false])
            {
                using GuardedMatrix a = new GuardedMatrix(rows, columns, columns % 5, (Edge)(columns % 2)).Fill(first);
                using GuardedMatrix b = new GuardedMatrix(rows, columns, columns % 3, (Edge)(columns % 2)).Fill(second);
                GuardedMatrix y = overA ? a : b;
                RmsNorm.Mean(context, a, firstGains, b, secondGains, Epsilon, y);
                Precise.AssertWithin(
                    y.Values, i => (exactA[i] + exactB[i]) / 2, i => Relative(columns) * (Math.Abs(exactA[i]) + Math.Abs(exactB[i])) / 2, $"[{rows}, {columns}]");
                Assert.Equal(overA ? second : first, (overA ? b : a).Values);
                y.AssertGapsUntouched();
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Treats_a_special_value_at_any_place_as_the_scalar_twin_does(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        foreach (int columns in (int[])[1, 7, 16, 67, 131])
        {
            float[] gains = new Samples(columns).Terms(columns);
            foreach (float special in Samples.Special)
            {
                // Row r has it in column r.
                using GuardedMatrix x = new GuardedMatrix(columns, columns).Fill(new Samples(1).Terms(columns * columns));
                for (int i = 0; i < columns; i++)
                    ((Matrix)x).Row(i)[i] = special;
                using GuardedMatrix y = new(columns, columns), expected = new(columns, columns);
                RmsNorm.Apply(context, x, gains, Epsilon, y);
                RmsNorm.Apply(twin, x, gains, Epsilon, expected);
                float[] values = expected.Values;
                Precise.AssertWithin(y.Values, i => values[i], i => 2 * Relative(columns) * Math.Abs(values[i]), $"{special} in {columns}");
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Norms_rows_that_are_zero_or_subnormal_without_dividing_by_zero(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        foreach (float value in (float[])[0f, -0f, float.Epsilon, 1e-40f])
        {
            using GuardedMatrix x = new GuardedMatrix(1, 35).Fill([.. Enumerable.Repeat(value, 35)]);
            RmsNorm.Apply(context, x, [.. Enumerable.Repeat(1f, 35)], Epsilon, x);
            // 1/√ε = 1000; the subnormal's own last place is worth as much as it.
            Precise.AssertWithin(x.Values, _ => value * 1000.0, _ => (1e-5 * Math.Abs(value * 1000.0)) + float.Epsilon, $"{value}");
        }
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix x = new(2, 3), narrow = new(2, 2), low = new(1, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => RmsNorm.Apply(context, x, new float[2], Epsilon, x));
        Assert.Throws<ArgumentException>(() => RmsNorm.Apply(context, x, new float[3], Epsilon, low));
        Assert.Throws<ArgumentException>(() => RmsNorm.Mean(context, x, new float[3], narrow, new float[3], Epsilon, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => RmsNorm.Mean(context, x, new float[3], x, new float[2], Epsilon, x));
    }

    // The sum of n squares is within n roundings, under the root half of that; then come division, ε, root, reciprocal and two products.
    private static double Relative(int columns) => ((columns / 2.0) + 6) * Precise.Unit;

    private static double[] Exact(float[] x, float[] gains)
    {
        double[] y = new double[x.Length];
        for (int start = 0; start < x.Length; start += gains.Length)
        {
            double squares = 0;
            for (int i = 0; i < gains.Length; i++)
                squares += (double)x[start + i] * x[start + i];
            double scale = 1 / Math.Sqrt((squares / gains.Length) + Epsilon);
            for (int i = 0; i < gains.Length; i++)
                y[start + i] = x[start + i] * scale * gains[i];
        }
        return y;
    }
}
