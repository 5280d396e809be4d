using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed unsafe class GradientNormTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Sums_over_any_number_of_elements_are_exact_to_double(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int count in Enumerable.Range(0, 70).Append((1 << 16) - 1).Append((1 << 16) + 1).Append((1 << 17) + 5))
        {
            double[] values = new Samples(count).Terms(count);
            // Squares are exact in double; a sum of n of them is within n roundings.
            double exact = values.Sum(value => value * value);
            Assert.Equal(exact, Sum(context, values), (count + 1) * Math.ScaleB(exact, -52));
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void The_largest_float32_overflow_nothing_and_the_smallest_are_not_lost(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        const double tiny = float.Epsilon;
        Assert.Equal(37 * tiny * tiny, Sum(context, [.. Enumerable.Repeat(tiny, 37)]), 1e-12 * tiny * tiny);
        Assert.True(double.IsFinite(Sum(context, [.. Enumerable.Repeat((double)float.MaxValue, 100_000)])));
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void One_element_that_is_not_finite_shows_wherever_it_is(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (double value in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
        {
            for (int at = 0; at < 41; at++)
            {
                double[] values = new Samples(at).Terms(41);
                values[at] = value;
                Assert.False(double.IsFinite(Sum(context, values)));
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        double[] values = new Samples(1).Uniform((5 << 16) + 3, -1, 1);
        using KernelContext alone = new(path, new WorkerPool(1)), context = new(path, new WorkerPool(3));
        Assert.Equal(Sum(alone, values), Sum(context, values));
    }

    private static double Sum(KernelContext context, double[] values)
    {
        using TestMatrix<float> gradient = new TestMatrix<float>(1, values.Length).Fill(values);
        MatrixOf<float> view = gradient;
        return GradientNorm.SumOfSquares(context, view.Data, values.Length);
    }
}
