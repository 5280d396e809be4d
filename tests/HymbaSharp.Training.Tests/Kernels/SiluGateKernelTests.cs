using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class SiluGateKernelTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Rows_of_every_length_and_their_gradients_are_within_rounding_of_a_plain_computation(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 130; columns++)
        {
            int rows = 1 + (columns % 19), gap = columns % 4;
            Samples samples = new(columns);
            double[] gates = samples.Uniform(rows * columns, -20, 20), ups = samples.Terms(rows * columns), gradients = samples.Terms(rows * columns);
            using TestMatrix<float> gate = new TestMatrix<float>(rows, columns, gap).Fill(gates), up = new TestMatrix<float>(rows, columns, gap + 1).Fill(ups);
            using TestMatrix<float> y = new(rows, columns, gap + 2), dY = new TestMatrix<float>(rows, columns, gap).Fill(gradients);
            using TestMatrix<float> dGate = new(rows, columns, gap + 3), dUp = new(rows, columns, gap);
            SiluGateKernel.Forward<float>(context, gate, up, y);
            SiluGateKernel.Backward<float>(context, gate, up, dY, dGate, dUp);

            Bounded Silu(int i) => gates[i] * Bounded.Sigmoid(gates[i]);
            Bounded[] All(Func<int, Bounded> value) => [.. Enumerable.Range(0, gates.Length).Select(value)];
            Bounded.AssertWithin(y.Values, All(i => Silu(i) * ups[i]), $"y of {columns} columns");
            Bounded.AssertWithin(dGate.Values, All(i => (Bounded)gradients[i] * ups[i] * Bounded.SiluSlope(gates[i])), $"the gate's gradient of {columns} columns");
            Bounded.AssertWithin(dUp.Values, All(i => gradients[i] * Silu(i)), $"up's gradient of {columns} columns");
            foreach (TestMatrix<float> matrix in (TestMatrix<float>[])[gate, up, y, dY, dGate, dUp])
                matrix.AssertUntouchedAround();

            SiluGateKernel.Backward<float>(context, gate, up, dY, gate, up);
            Assert.Equal(dGate.Values, gate.Values);
            Assert.Equal(dUp.Values, up.Values);
        }
    }

    [Fact]
    public void Gradients_in_double_are_those_of_the_results_in_double()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        Samples samples = new(1);
        double[] gates = samples.Uniform(12, -4, 4), ups = samples.Terms(12), gradients = samples.Terms(12);
        using TestMatrix<double> gate = new(3, 4), up = new(3, 4), y = new(3, 4), dY = new TestMatrix<double>(3, 4).Fill(gradients), dGate = new(3, 4), dUp = new(3, 4);
        double Loss()
        {
            SiluGateKernel.Forward<double>(context, gate.Fill(gates), up.Fill(ups), y);
            return y.Values.Zip(gradients, (value, gradient) => value * gradient).Sum();
        }
        SiluGateKernel.Backward<double>(context, gate.Fill(gates), up.Fill(ups), dY, dGate, dUp);
        CentralDifferences.AssertGradient(gates, dGate.Values, Loss, "the gate");
        CentralDifferences.AssertGradient(ups, dUp.Values, Loss, "up");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Far_out_the_gradient_is_that_of_zero_or_of_x(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        const float far = 1L << 62;
        using TestMatrix<float> gate = new TestMatrix<float>(1, 33).Fill([.. Enumerable.Range(0, 33).Select(i => i % 2 == 0 ? -far : far)]);
        using TestMatrix<float> up = new TestMatrix<float>(1, 33).Fill([.. Enumerable.Repeat(3.0, 33)]), dGate = new(1, 33), dUp = new(1, 33);
        SiluGateKernel.Backward<float>(context, gate, up, up, dGate, dUp);
        Assert.Equal(Enumerable.Range(0, 33).Select(i => i % 2 == 0 ? 0f : 9f), dGate.Values.Select(NoSign));
        Assert.Equal(Enumerable.Range(0, 33).Select(i => i % 2 == 0 ? 0f : 3 * far), dUp.Values.Select(NoSign));

        // Zeros of either sign are as good.
        static float NoSign(float value) => value + 0f;
    }

    [Fact]
    public void Operands_of_other_shapes_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> x = new(2, 3), narrow = new(2, 2), low = new(1, 3);
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Forward<float>(context, x, narrow, x));
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Forward<float>(context, x, x, low));
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Backward<float>(context, x, low, x, x, x));
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Backward<float>(context, x, x, narrow, x, x));
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Backward<float>(context, x, x, x, low, x));
        Assert.Throws<ArgumentException>(() => SiluGateKernel.Backward<float>(context, x, x, x, x, narrow));
    }
}
