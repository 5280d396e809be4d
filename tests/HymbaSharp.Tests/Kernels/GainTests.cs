using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class GainTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Multiplies_rows_of_every_length(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ForEachLength((rows, columns, gap, edge, samples) =>
        {
            float[] x = samples.Mixed(rows * columns), gains = samples.Mixed(columns);
            using GuardedMatrix source = new GuardedMatrix(rows, columns, gap, edge).Fill(x), y = new(rows, columns, gap + 1, edge);
            using GuardedMatrix g = new GuardedMatrix(1, columns, edge: edge).Fill(gains);
            Gain.Apply(context, source, new ReadOnlySpan<float>(g.Data, columns), y);
            float[] expected = [.. x.Select((value, i) => value * gains[i % columns])];
            Assert.Equal(expected, y.Values);
            y.AssertGapsUntouched();
            Gain.Apply(context, source, gains, source);
            Assert.Equal(expected, source.Values);
        });
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Adds_multiples_to_rows_of_every_length(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ForEachLength((rows, columns, gap, edge, samples) =>
        {
            float[] x = samples.Terms(rows * columns), gains = samples.Terms(columns), before = samples.Terms(rows * columns);
            using GuardedMatrix source = new GuardedMatrix(rows, columns, gap + 1, edge).Fill(x), y = new GuardedMatrix(rows, columns, gap, edge).Fill(before);
            using GuardedMatrix g = new GuardedMatrix(1, columns, edge: edge).Fill(gains);
            Gain.Apply(context, source, new ReadOnlySpan<float>(g.Data, columns), y, accumulate: true);
            // At most a rounding of the product, below 1, and one of the sum, below 2.
            Precise.AssertWithin(y.Values, i => before[i] + ((double)x[i] * gains[i % columns]), _ => 1.5 / (1 << 23), $"[{rows}, {columns}]");
            y.AssertGapsUntouched();
        });
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix x = new(2, 3), narrow = new(2, 2), low = new(1, 3);
        Assert.Throws<ArgumentException>(() => Gain.Apply(context, x, new float[3], narrow));
        Assert.Throws<ArgumentException>(() => Gain.Apply(context, x, new float[3], low));
        Assert.Throws<ArgumentException>(() => Gain.Apply(context, x, new float[2], x));
    }

    private static void ForEachLength(Action<int, int, int, Edge, Samples> check)
    {
        for (int columns = 1; columns <= 256; columns++)
            check(1 + (columns % 19), columns, columns % 5, (Edge)(columns % 2), new Samples(columns));
    }
}
