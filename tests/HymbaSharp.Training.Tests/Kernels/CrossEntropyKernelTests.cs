using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class CrossEntropyKernelTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Losses_and_gradients_over_any_number_of_classes_are_within_rounding_of_a_plain_computation(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int classes in Enumerable.Range(1, 130).Append(1023).Append(3001))
        {
            Case sample = new(1 + (classes % 5), classes, spread: 6, seed: classes);
            AssertExact(sample, sample.Run<float>(context, gap: classes % 4));
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Logits_too_large_for_exp_are_no_trouble(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        foreach (float spread in (float[])[100, 1e4f, 1e30f])
        {
            Case sample = new(4, 50, spread, seed: 1);
            AssertExact(sample, sample.Run<float>(context));
        }
    }

    [Fact]
    public void Gradients_in_double_are_those_of_the_losses_in_double()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        Case sample = new(4, 9, spread: 3, seed: 2);
        double Loss() => sample.Run<double>(context).Losses.Zip(sample.Scales, (loss, scale) => loss * scale).Sum();
        CentralDifferences.AssertGradient(sample.Logits, sample.Run<double>(context).Gradient, Loss, "the logits");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_logit_that_is_no_number_shows_in_its_row_alone(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        for (int at = 0; at < 37; at++)
        {
            Case sample = new(3, 37, spread: 2, seed: at);
            sample.Logits[37 + at] = double.NaN;
            Assert.Equal([false, true, false], sample.Run<float>(context).Losses.Select(float.IsNaN));
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        Case sample = new(20, 100, spread: 5, seed: 3);
        using KernelContext alone = new(path, new WorkerPool(1)), context = new(path, new WorkerPool(3));
        Results<float> expected = sample.Run<float>(alone), results = sample.Run<float>(context);
        Assert.Equal(expected.Losses, results.Losses);
        Assert.Equal(expected.Gradient, results.Gradient);
    }

    [Fact]
    public void Operands_of_other_shapes_and_targets_outside_of_the_classes_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> logits = new(2, 3), rows = new(1, 2), normalizers = new(2, 2), other = new(1, 3);
        CrossEntropyKernel.Forward<float>(context, logits, [0, 2], rows, normalizers);
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Forward<float>(context, logits, [0], rows, normalizers));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Forward<float>(context, logits, [0, 3], rows, normalizers));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Forward<float>(context, logits, [-1, 0], rows, normalizers));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Forward<float>(context, logits, [0, 2], other, normalizers));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Forward<float>(context, logits, [0, 2], rows, other));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Backward<float>(context, logits, [0, 2], normalizers, other, logits));
        Assert.Throws<ArgumentException>(() => CrossEntropyKernel.Backward<float>(context, logits, [0, 2], normalizers, rows, other));
    }

    private static void AssertExact(Case sample, Results<float> results)
    {
        Results<Bounded> exact = sample.Exact();
        Bounded.AssertWithin(results.Losses, exact.Losses, $"losses over {sample.Classes} classes");
        Bounded.AssertWithin(results.Gradient, exact.Gradient, $"the gradient over {sample.Classes} classes");
    }

    private sealed record Results<T>(T[] Losses, T[] Gradient);

    private sealed class Case
    {
        public Case(int rows, int classes, float spread, int seed)
        {
            Samples samples = new(seed);
            Classes = classes;
            Logits = samples.Uniform(rows * classes, -spread, spread);
            Scales = samples.Terms(rows);
            Targets = [.. Enumerable.Range(0, rows).Select(row => (seed + (7 * row)) % classes)];
        }

        public int Classes { get; }

        public double[] Logits { get; }

        public double[] Scales { get; }

        private int[] Targets { get; }

        public Results<T> Run<T>(KernelContext context, int gap = 0) where T : unmanaged, IFloatingPointIeee754<T>
        {
            int rows = Targets.Length;
            using TestMatrix<T> logits = new TestMatrix<T>(rows, Classes, gap).Fill(Logits), scales = new TestMatrix<T>(1, rows).Fill(Scales);
            using TestMatrix<T> losses = new(1, rows), normalizers = new(2, rows, gap), gradient = new(rows, Classes, gap + 1);
            CrossEntropyKernel.Forward<T>(context, logits, Targets, losses, normalizers);
            CrossEntropyKernel.Backward<T>(context, logits, Targets, normalizers, scales, gradient);
            foreach (TestMatrix<T> matrix in (TestMatrix<T>[])[logits, scales, losses, normalizers, gradient])
                matrix.AssertUntouchedAround();

            CrossEntropyKernel.Backward<T>(context, logits, Targets, normalizers, scales, logits);
            Assert.Equal(gradient.Values, logits.Values);
            return new(losses.Values, gradient.Values);
        }

        public Results<Bounded> Exact()
        {
            Bounded[] losses = new Bounded[Targets.Length], gradient = new Bounded[Logits.Length];
            for (int row = 0; row < Targets.Length; row++)
            {
                double[] logits = Logits[(row * Classes)..((row + 1) * Classes)];
                double max = logits.Max();
                // Terms are added in float32 at most 32 vectors at a time, 5 roundings more across the lanes; then in double.
                Bounded[] terms = [.. logits.Select(logit => Bounded.Exp((Bounded)logit - max))];
                double sum = terms.Sum(term => term.Value), sumError = terms.Sum(term => term.Error + (37 * Bounded.Unit * term.Value));
                Bounded logSum = new(Math.Log(sum), sumError / sum);
                losses[row] = (max - logits[Targets[row]]) + logSum;
                for (int i = 0; i < Classes; i++)
                {
                    Bounded share = Bounded.Exp((Bounded)logits[i] - max - logSum) * Scales[row];
                    gradient[(row * Classes) + i] = i == Targets[row] ? share - Scales[row] : share;
                }
            }
            return new(losses, gradient);
        }
    }
}
