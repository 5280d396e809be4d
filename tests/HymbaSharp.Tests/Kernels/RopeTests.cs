using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed class RopeTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Turns_heads_of_every_even_size(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int half = 1; half <= 128; half++)
        {
            int rows = 1 + (half % 35), heads = 1 + (half % 3), columns = 2 * half * heads;
            Samples samples = new(half);
            float[] values = samples.Terms(rows * columns), angles = samples.Uniform(rows * half, -4, 4);
            float[] cos = [.. angles.Select(MathF.Cos)], sin = [.. angles.Select(MathF.Sin)];
            using GuardedMatrix x = new GuardedMatrix(rows, columns, half % 4, (Edge)(half % 2)).Fill(values);
            using GuardedMatrix cosines = new GuardedMatrix(rows, half, half % 3).Fill(cos), sines = new GuardedMatrix(rows, half, half % 5).Fill(sin);
            Rope.Rotate(context, x, 2 * half, cosines, sines);

            // Of the pair (a, b) the first becomes a·cos − b·sin, the second b·cos + a·sin.
            (double Along, double Across) Terms(int i)
            {
                int row = i / columns, j = i % columns % (2 * half), angle = (row * half) + (j % half);
                return j < half ? ((double)values[i] * cos[angle], -(double)values[i + half] * sin[angle]) : ((double)values[i] * cos[angle], (double)values[i - half] * sin[angle]);
            }
            Precise.AssertWithin(
                x.Values,
                i => Terms(i).Along + Terms(i).Across,
                i => 2 * Precise.Unit * (Math.Abs(Terms(i).Along) + Math.Abs(Terms(i).Across)),
                $"{heads} heads of {2 * half}");
            x.AssertGapsUntouched();
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Treats_special_values_as_the_scalar_twin_does(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        for (int half = 1; half <= 70; half++)
        {
            const int rows = 5;
            Samples samples = new(half);
            float[] values = samples.Mixed(rows * 2 * half), angles = samples.Uniform(rows * half, -4, 4);
            using GuardedMatrix x = new GuardedMatrix(rows, 2 * half).Fill(values), expected = new GuardedMatrix(rows, 2 * half).Fill(values);
            using GuardedMatrix cosines = new GuardedMatrix(rows, half).Fill([.. angles.Select(MathF.Cos)]), sines = new GuardedMatrix(rows, half).Fill([.. angles.Select(MathF.Sin)]);
            Rope.Rotate(context, x, 2 * half, cosines, sines);
            Rope.Rotate(twin, expected, 2 * half, cosines, sines);
            float[] twins = expected.Values;
            int Partner(int i) => i % (2 * half) < half ? i + half : i - half;
            Precise.AssertWithin(
                x.Values, i => twins[i], i => (4 * Precise.Unit * (Math.Abs((double)values[i]) + Math.Abs((double)values[Partner(i)]))) + float.Epsilon, $"heads of {2 * half}");
        }
    }

    [Fact]
    public void Refuses_sizes_that_do_not_fit()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix x = new(2, 12), angles = new(2, 3), few = new(1, 3);
        Rope.Rotate(context, x, 6, angles, angles);
        Assert.Throws<ArgumentException>(() => Rope.Rotate(context, x, 3, angles, angles));
        Assert.Throws<ArgumentException>(() => Rope.Rotate(context, x, 8, angles, angles));
        Assert.Throws<ArgumentException>(() => Rope.Rotate(context, x, 4, angles, angles));
        Assert.Throws<ArgumentException>(() => Rope.Rotate(context, x, 6, few, angles));
        Assert.Throws<ArgumentException>(() => Rope.Rotate(context, x, 6, angles, few));
    }
}
