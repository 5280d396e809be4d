using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class RopeKernelTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Heads_of_every_size_turn_and_their_gradients_turn_back(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        for (int half = 1; half <= 40; half++)
        {
            Case sample = new(rows: 1 + (half % 19), heads: 1 + (half % 3), half, seed: half);
            AssertWithin(sample.Exact(1), sample.Run<float>(context, RopeKernel.Forward));
            AssertWithin(sample.Exact(-1), sample.Run<float>(context, RopeKernel.Backward));
        }

        static void AssertWithin(Bounded[] exact, float[] values) => Bounded.AssertWithin(values, exact, "heads");
    }

    [Fact]
    public void The_way_back_is_the_transpose()
    {
        // ⟨turned a, b⟩ = ⟨a, b turned back⟩ for all a and b.
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        Case a = new(3, 2, 4, seed: 1), b = new Case(3, 2, 4, seed: 2) with { Angles = a.Angles };
        double forward = a.Run<double>(context, RopeKernel.Forward).Zip(b.X, (x, y) => x * y).Sum();
        double backward = b.Run<double>(context, RopeKernel.Backward).Zip(a.X, (x, y) => x * y).Sum();
        Assert.Equal(forward, backward, 1e-13);
        Assert.NotEqual(forward, a.X.Zip(b.X, (x, y) => x * y).Sum(), 1e-3);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> x = new(2, 12), angles = new(2, 3), few = new(1, 3);
        RopeKernel.Forward<float>(context, x, 6, angles, angles);
        Assert.Throws<ArgumentException>(() => RopeKernel.Forward<float>(context, x, 3, angles, angles));
        Assert.Throws<ArgumentException>(() => RopeKernel.Forward<float>(context, x, 0, angles, angles));
        Assert.Throws<ArgumentException>(() => RopeKernel.Forward<float>(context, x, 8, angles, angles));
        Assert.Throws<ArgumentException>(() => RopeKernel.Backward<float>(context, x, 4, angles, angles));
        Assert.Throws<ArgumentException>(() => RopeKernel.Backward<float>(context, x, 6, few, angles));
        Assert.Throws<ArgumentException>(() => RopeKernel.Backward<float>(context, x, 6, angles, few));
    }

    private delegate void Turn<T>(KernelContext context, MatrixOf<T> heads, int headSize, MatrixOf<T> cosines, MatrixOf<T> sines) where T : unmanaged;

    private sealed record Case(int Rows, int Heads, int Half, double[] X, double[] Angles)
    {
        public Case(int rows, int heads, int half, int seed)
            : this(rows, heads, half, new Samples(seed).Terms(rows * heads * 2 * half), new Samples(seed + 100).Uniform(rows * half, -4, 4))
        {
        }

        public T[] Run<T>(KernelContext context, Turn<T> turn) where T : unmanaged, IFloatingPointIeee754<T>
        {
            using TestMatrix<T> x = new TestMatrix<T>(Rows, Heads * 2 * Half, gap: 3).Fill(X);
            using TestMatrix<T> cosines = new TestMatrix<T>(Rows, Half, gap: 1).Fill([.. Angles.Select(Math.Cos)]);
            using TestMatrix<T> sines = new TestMatrix<T>(Rows, Half, gap: 2).Fill([.. Angles.Select(Math.Sin)]);
            turn(context, x, 2 * Half, cosines, sines);
            foreach (TestMatrix<T> matrix in (TestMatrix<T>[])[x, cosines, sines])
                matrix.AssertUntouchedAround();
            return x.Values;
        }

        public Bounded[] Exact(int direction) => [.. Enumerable.Range(0, X.Length).Select(i =>
        {
            int row = i / (Heads * 2 * Half), j = i % (2 * Half);
            double angle = Angles[(row * Half) + (j % Half)];
            // Cosine and sine are rounded before the kernel sees them.
            Bounded cos = Rounded(Math.Cos(angle)), sin = Rounded(direction * Math.Sin(angle));
            return j < Half ? (X[i] * cos) - (X[i + Half] * sin) : (X[i] * cos) + (X[i - Half] * sin);
        })];

        private static Bounded Rounded(double value) => new(value, Math.Abs(value) * Bounded.Unit);
    }
}
