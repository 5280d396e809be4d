using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class RmsNormKernelTests
{
    private const double Epsilon = 1e-6;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Rows_of_every_length_and_their_gradients_are_within_rounding_of_a_plain_computation(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 130; columns++)
        {
            Case sample = new(1 + (columns % 19), columns, columns);
            Results<float> results = sample.Run<float>(context, gap: columns % 4);
            Results<Bounded> exact = sample.Exact(1);
            Bounded.AssertWithin(results.Y, exact.Y, $"y of {columns} columns");
            Bounded.AssertWithin(results.X, exact.X, $"dx of {columns} columns");
            Bounded.AssertWithin(results.Gain, exact.Gain, $"dg of {columns} columns");
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void The_mean_of_two_norms_goes_back_to_both(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int columns = 1; columns <= 130; columns++)
        {
            int rows = 1 + (columns % 19);
            Case a = new(rows, columns, columns), b = new Case(rows, columns, columns + 1000) with { YGradient = a.YGradient };
            (float[] y, Results<float> first, Results<float> second) = Case.RunMean<float>(context, a, b);
            Results<Bounded> exactA = a.Exact(0.5), exactB = b.Exact(0.5);
            Bounded.AssertWithin(y, [.. exactA.Y.Zip(exactB.Y, (left, right) => (left + right) * 0.5)], $"y of {columns} columns");
            Bounded.AssertWithin(first.X, exactA.X, $"da of {columns} columns");
            Bounded.AssertWithin(first.Gain, exactA.Gain, $"a's dg of {columns} columns");
            Bounded.AssertWithin(second.X, exactB.X, $"db of {columns} columns");
            Bounded.AssertWithin(second.Gain, exactB.Gain, $"b's dg of {columns} columns");
        }
    }

    [Fact]
    public void Gradients_in_double_are_those_of_the_results_in_double()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        Case a = new(4, 7, 1), b = new Case(4, 7, 2) with { YGradient = a.YGradient };
        double Loss() => a.Run<double>(context).Y.Zip(a.YGradient, (y, gradient) => y * gradient).Sum();
        Results<double> results = a.Run<double>(context);
        CentralDifferences.AssertGradient(a.X, results.X, Loss, "x");
        CentralDifferences.AssertGradient(a.Gain, results.Gain, Loss, "the gain");

        double MeanLoss() => Case.RunMean<double>(context, a, b).Y.Zip(a.YGradient, (y, gradient) => y * gradient).Sum();
        (_, Results<double> first, Results<double> second) = Case.RunMean<double>(context, a, b);
        CentralDifferences.AssertGradient(a.X, first.X, MeanLoss, "a");
        CentralDifferences.AssertGradient(a.Gain, first.Gain, MeanLoss, "a's gain");
        CentralDifferences.AssertGradient(b.X, second.X, MeanLoss, "b");
        CentralDifferences.AssertGradient(b.Gain, second.Gain, MeanLoss, "b's gain");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void The_gradient_of_x_can_be_added_to_another(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        Case sample = new(5, 37, 3);
        Results<float> alone = sample.Run<float>(context), added = sample.Run<float>(context, addTo: 2);
        Assert.Equal(alone.X.Select(value => 2 + value), added.X);
        Assert.Equal(alone.Gain, added.Gain);
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void The_gradient_of_x_may_lie_over_that_of_y_and_that_of_a_frozen_gain_be_left_out(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        Case sample = new(5, 37, 4);
        using TestMatrix<float> x = new TestMatrix<float>(5, 37).Fill(sample.X), gain = new TestMatrix<float>(1, 37).Fill(sample.Gain);
        using TestMatrix<float> y = new(5, 37), roots = new(1, 5), dY = new TestMatrix<float>(5, 37).Fill(sample.YGradient);
        NormOperands<float> norm = new() { X = x, Gain = gain, InverseRms = roots };
        RmsNormKernel.Forward(context, norm, Epsilon, y);
        RmsNormKernel.Backward(context, norm, dY, new NormGradients<float> { X = dY });
        Assert.Equal(sample.Run<float>(context).X, dY.Values);
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        // Enough rows for several parts.
        Case sample = new((3 * NormRows.PerPart) + 5, 19, 5);
        using KernelContext alone = new(path, new WorkerPool(1));
        Results<float> expected = sample.Run<float>(alone);
        Bounded.AssertWithin(expected.Gain, sample.Exact(1).Gain, "dg");
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            Results<float> results = sample.Run<float>(context);
            Assert.Equal(expected.Y, results.Y);
            Assert.Equal(expected.X, results.X);
            Assert.Equal(expected.Gain, results.Gain);
        }
    }

    [Fact]
    public void Operands_of_other_shapes_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> x = new(2, 3), gain = new(1, 3), roots = new(1, 2), narrow = new(2, 2), low = new(1, 3);
        NormOperands<float> fitting = new() { X = x, Gain = gain, InverseRms = roots };
        NormGradients<float> gradients = new() { X = x, Gain = gain };
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Forward(context, fitting with { Gain = x }, Epsilon, x));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Forward(context, fitting with { InverseRms = gain }, Epsilon, x));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Forward(context, fitting, Epsilon, narrow));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.ForwardMean(context, fitting, fitting with { X = low }, Epsilon, x));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Backward(context, fitting, low, gradients));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Backward(context, fitting, x, gradients with { X = narrow }));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Backward(context, fitting, x, gradients with { Gain = roots }));
    }

    private sealed record Results<T>(T[] Y, T[] X, T[] Gain);

    private sealed record Case(int Rows, double[] X, double[] Gain, double[] YGradient)
    {
        public Case(int rows, int columns, int seed) : this(new Samples(seed), rows, columns)
        {
        }

        private Case(Samples samples, int rows, int columns) : this(rows, samples.Terms(rows * columns), samples.Terms(columns), samples.Terms(rows * columns))
        {
        }

        private int Columns => Gain.Length;

        public Results<T> Run<T>(KernelContext context, int gap = 0, double? addTo = null) where T : unmanaged, IFloatingPointIeee754<T>
        {
            using Memory<T> memory = new(this, gap);
            if (addTo is double value)
                memory.DX.Fill([.. Enumerable.Repeat(value, X.Length)]);
            RmsNormKernel.Forward(context, memory.Norm, Epsilon, memory.Y);
            RmsNormKernel.Backward(context, memory.Norm, memory.DY, memory.Gradients, accumulate: addTo is not null);
            return memory.Results;
        }

        public static (T[] Y, Results<T> A, Results<T> B) RunMean<T>(KernelContext context, Case a, Case b) where T : unmanaged, IFloatingPointIeee754<T>
        {
            using Memory<T> first = new(a, gap: 1), second = new(b, gap: 2);
            RmsNormKernel.ForwardMean(context, first.Norm, second.Norm, Epsilon, first.Y);
            RmsNormKernel.BackwardMean(context, first.Norm, second.Norm, first.DY, first.Gradients, second.Gradients);
            return (first.Results.Y, first.Results, second.Results);
        }

        /// <summary>With the gradient of y times <paramref name="factor"/>.</summary>
        public Results<Bounded> Exact(double factor)
        {
            Bounded[] y = new Bounded[X.Length], dX = new Bounded[X.Length];
            List<Bounded>[] dGain = [.. Gain.Select(_ => new List<Bounded>())];
            for (int start = 0; start < X.Length; start += Columns)
            {
                // The kernel's ε is rounded to float32.
                Bounded epsilon = new(Epsilon, Epsilon * Bounded.Unit);
                Bounded root = 1 / Bounded.Sqrt((Bounded.Sum(Enumerable.Range(start, Columns).Select(i => (Bounded)X[i] * X[i])) / Columns) + epsilon);
                Bounded mean = Bounded.Sum(Enumerable.Range(0, Columns).Select(i => (Bounded)X[start + i] * Gain[i] * YGradient[start + i])) / Columns;
                for (int i = 0; i < Columns; i++)
                {
                    Bounded x = X[start + i], dY = YGradient[start + i];
                    y[start + i] = x * root * Gain[i];
                    dX[start + i] = ((Gain[i] * dY) - (x * (root * root * mean))) * (root * factor);
                    dGain[i].Add(dY * x * (root * factor));
                }
            }
            return new(y, dX, [.. dGain.Select(Bounded.Sum)]);
        }

        private sealed class Memory<T>(Case sample, int gap) : IDisposable where T : unmanaged, IFloatingPointIeee754<T>
        {
            private readonly TestMatrix<T> _x = new TestMatrix<T>(sample.Rows, sample.Columns, gap + 1).Fill(sample.X);
            private readonly TestMatrix<T> _gain = new TestMatrix<T>(1, sample.Columns).Fill(sample.Gain);
            private readonly TestMatrix<T> _roots = new(1, sample.Rows);
            private readonly TestMatrix<T> _dGain = new(1, sample.Columns);

            public TestMatrix<T> Y { get; } = new(sample.Rows, sample.Columns, gap);

            public TestMatrix<T> DY { get; } = new TestMatrix<T>(sample.Rows, sample.Columns, gap + 2).Fill(sample.YGradient);

            public TestMatrix<T> DX { get; } = new(sample.Rows, sample.Columns, gap + 3);

            public NormOperands<T> Norm => new() { X = _x, Gain = _gain, InverseRms = _roots };

            public NormGradients<T> Gradients => new() { X = DX, Gain = _dGain };

            public Results<T> Results => new(Y.Values, DX.Values, _dGain.Values);

            public void Dispose()
            {
                foreach (TestMatrix<T> matrix in (TestMatrix<T>[])[_x, _gain, _roots, _dGain, Y, DY, DX])
                {
                    matrix.AssertUntouchedAround();
                    matrix.Dispose();
                }
            }
        }
    }
}
