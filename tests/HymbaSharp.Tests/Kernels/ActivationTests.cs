using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class ActivationTests
{
    // Softplus is within 3.9 ulp, silu within 3.1 and its product with up half an ulp more (docs/numerics.md). An ulp is at most 2⁻²³ of a value.
    private const double Relative = 3.9 / (1 << 23);

    // Where Exp gives infinity early, Silu is −0 in place of −3.7e-37.
    private const double SiluFlush = 4e-37;

    // Softplus beyond Exp's lower limit is 0 in place of a subnormal number.
    private const double SoftplusFlush = 1.2e-38;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Gates_rows_of_every_length(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ForEachLength((rows, columns, gap, edge, samples) =>
        {
            float[] gate = samples.Uniform(rows * columns, -30, 30), up = samples.Terms(rows * columns);
            using GuardedMatrix y = new GuardedMatrix(rows, columns, gap, edge).Fill(gate);
            using GuardedMatrix other = new GuardedMatrix(rows, columns, gap + 1, edge).Fill(up);
            Activation.SiluGate(context, y, other);
            Precise.AssertWithin(y.Values, i => Precise.Silu(gate[i]) * up[i], i => Relative * Math.Abs(Precise.Silu(gate[i]) * up[i]), $"[{rows}, {columns}]");
            y.AssertGapsUntouched();
        });
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Takes_softplus_of_rows_of_every_length(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ForEachLength((rows, columns, gap, edge, samples) =>
        {
            float[] x = samples.Uniform(rows * columns, -30, 30), bias = samples.Terms(columns);
            using GuardedMatrix y = new GuardedMatrix(rows, columns, gap, edge).Fill(x);
            using GuardedMatrix b = new GuardedMatrix(1, columns, edge: edge).Fill(bias);
            Activation.Softplus(context, y, new ReadOnlySpan<float>(b.Data, columns));
            double Exact(int i) => Precise.Softplus(x[i] + bias[i % columns]);
            Precise.AssertWithin(y.Values, Exact, i => Relative * Exact(i), $"[{rows}, {columns}]");
            y.AssertGapsUntouched();
        });
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Adds_a_bias_to_rows_of_every_length(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ForEachLength((rows, columns, gap, edge, samples) =>
        {
            float[] x = samples.Mixed(rows * columns), bias = samples.Mixed(columns);
            using GuardedMatrix y = new GuardedMatrix(rows, columns, gap, edge).Fill(x);
            using GuardedMatrix b = new GuardedMatrix(1, columns, edge: edge).Fill(bias);
            Activation.AddBias(context, y, new ReadOnlySpan<float>(b.Data, columns));
            Assert.Equal(x.Select((value, i) => value + bias[i % columns]), y.Values);
            y.AssertGapsUntouched();
        });
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Treats_special_values_as_the_scalar_twin_does(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        ForEachLength((rows, columns, _, _, samples) =>
        {
            float[] x = samples.Mixed(rows * columns), up = samples.Mixed(rows * columns), bias = samples.Mixed(columns);
            float[] gated = Gate(context, x, up, rows), expected = Gate(twin, x, up, rows);
            Precise.AssertWithin(gated, i => expected[i], i => (2 * Relative * Math.Abs(expected[i])) + (SiluFlush * Math.Abs(up[i])) + float.Epsilon, "gate");
            float[] softplus = Softplus(context, x, bias, rows), expectedSoftplus = Softplus(twin, x, bias, rows);
            Precise.AssertWithin(softplus, i => expectedSoftplus[i], i => (2 * Relative * expectedSoftplus[i]) + SoftplusFlush, "softplus");
        });
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix y = new(2, 3), narrow = new(2, 2), low = new(1, 3);
        Assert.Throws<ArgumentException>(() => Activation.SiluGate(context, y, narrow));
        Assert.Throws<ArgumentException>(() => Activation.SiluGate(context, y, low));
        Assert.Throws<ArgumentOutOfRangeException>(() => Activation.Softplus(context, y, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Activation.AddBias(context, y, new float[4]));
    }

    private static float[] Gate(KernelContext context, float[] x, float[] up, int rows)
    {
        using GuardedMatrix y = new GuardedMatrix(rows, x.Length / rows).Fill(x), other = new GuardedMatrix(rows, x.Length / rows).Fill(up);
        Activation.SiluGate(context, y, other);
        return y.Values;
    }

    private static float[] Softplus(KernelContext context, float[] x, float[] bias, int rows)
    {
        using GuardedMatrix y = new GuardedMatrix(rows, bias.Length).Fill(x);
        Activation.Softplus(context, y, bias);
        return y.Values;
    }

    private static void ForEachLength(Action<int, int, int, Edge, Samples> check)
    {
        for (int columns = 1; columns <= 256; columns++)
            check(1 + (columns % 19), columns, columns % 5, (Edge)(columns % 2), new Samples(columns));
    }
}
