using System.Runtime.Intrinsics.X86;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;
using TorchSharp;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed unsafe class AdamWKernelTests
{
    private static readonly AdamWStep Settings = new() { Number = 1, LearningRate = 3e-2, Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, WeightDecay = 0.1, GradientScale = 0.75 };

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Steps_over_any_number_of_elements_are_within_rounding_of_the_algorithm(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int count in Enumerable.Range(1, 70).Append((1 << 16) - 1).Append((1 << 16) + 1).Append((1 << 17) + 5))
        {
            Samples samples = new(count);
            double[] start = samples.Terms(count);
            using State state = new(start);
            Bounded[] parameters = [.. start.Select(value => (Bounded)value)], first = new Bounded[count], second = new Bounded[count];
            for (int number = 1; number <= 3; number++)
            {
                double[] gradients = samples.Terms(count);
                AdamWStep step = Settings with { Number = number };
                state.Step(context, step, gradients);
                for (int i = 0; i < count; i++)
                    Update(step, ref parameters[i], ref first[i], ref second[i], gradients[i]);
            }
            Bounded.AssertWithin(state.Parameters.Values, parameters, $"{count} parameters");
            Bounded.AssertWithin(state.FirstMoments.Values, first, $"{count} first moments");
            Bounded.AssertWithin(state.SecondMoments.Values, second, $"{count} second moments");
            state.AssertUntouchedAround();
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Moments_have_the_bits_of_libtorch_doing_the_operations_of_PyTorchs_AdamW_and_parameters_differ_by_its_square_root(KernelPath path)
    {
        Assert.SkipUnless(Fma.IsSupported, "which products and sums libtorch fuses is known of x86 with FMA");
        const int count = 1003;
        using KernelContext context = new(path, new WorkerPool(1));
        Samples samples = new(1);
        double[] start = samples.Terms(count);
        using State state = new(start);
        using torch.Tensor parameters = torch.tensor(start, torch.float32), first = torch.zeros(count), second = torch.zeros(count);
        for (int number = 1; number <= 5; number++)
        {
            using var scope = torch.NewDisposeScope();
            double[] gradients = samples.Uniform(count, -1, 1);
            AdamWStep step = Settings with { Number = number, GradientScale = 1 };
            state.Step(context, step, gradients);
            torch.Tensor gradient = torch.tensor(gradients, torch.float32);
            parameters.mul_(1 - (step.LearningRate * step.WeightDecay));
            first.lerp_(gradient, 1 - step.Beta1);
            second.mul_(step.Beta2).addcmul_(gradient, gradient, 1 - step.Beta2);
            torch.Tensor denominator = (second.sqrt() / Math.Sqrt(1 - Math.Pow(step.Beta2, number))).add_(step.Epsilon);
            parameters.addcdiv_(first, denominator, -(step.LearningRate / (1 - Math.Pow(step.Beta1, number))));
        }
        Assert.Equal(second.data<float>().ToArray(), state.SecondMoments.Values);
        Assert.Equal(first.data<float>().ToArray(), state.FirstMoments.Values);
        // libtorch's root is not correctly rounded. In each of five steps that makes an ulp of the change, which is less than 0.2, and may tip the sum's rounding.
        float[] expected = parameters.data<float>().ToArray();
        Bounded.AssertWithin(state.Parameters.Values, [.. expected.Select(value => new Bounded(value, 5 * 2 * Bounded.Unit * (Math.Abs(value) + 0.2)))], "parameters");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        const int count = (3 << 16) + 11;
        double[] start = new Samples(1).Terms(count), gradients = new Samples(2).Terms(count);
        using KernelContext alone = new(path, new WorkerPool(1)), context = new(path, new WorkerPool(3));
        using State expected = new(start), state = new(start);
        expected.Step(alone, Settings, gradients);
        state.Step(context, Settings, gradients);
        Assert.Equal(expected.Parameters.Values, state.Parameters.Values);
    }

    [Fact]
    public void Steps_are_counted_from_one()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using State state = new([1.0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Step(context, Settings with { Number = 0 }, [1.0]));
    }

    private static void Update(in AdamWStep step, ref Bounded parameter, ref Bounded first, ref Bounded second, double gradient)
    {
        Bounded scaled = Rounded(step.GradientScale) * gradient;
        parameter *= Rounded(1 - (step.LearningRate * step.WeightDecay));
        first += Rounded(1 - step.Beta1) * (scaled - first);
        second = (second * Rounded(step.Beta2)) + (Rounded(1 - step.Beta2) * scaled * scaled);
        Bounded denominator = (Bounded.Sqrt(second) / Rounded(Math.Sqrt(1 - Math.Pow(step.Beta2, step.Number)))) + Rounded(step.Epsilon);
        parameter -= Rounded(step.LearningRate / (1 - Math.Pow(step.Beta1, step.Number))) * first / denominator;
    }

    private static Bounded Rounded(double value) => new(value, Math.Abs(value) * Bounded.Unit);

    private sealed class State : IDisposable
    {
        public State(double[] start)
        {
            Parameters = new TestMatrix<float>(1, start.Length).Fill(start);
            FirstMoments = new TestMatrix<float>(1, start.Length).Fill(new double[start.Length]);
            SecondMoments = new TestMatrix<float>(1, start.Length).Fill(new double[start.Length]);
        }

        public TestMatrix<float> Parameters { get; }

        public TestMatrix<float> FirstMoments { get; }

        public TestMatrix<float> SecondMoments { get; }

        public void Step(KernelContext context, in AdamWStep step, double[] gradients)
        {
            using TestMatrix<float> gradient = new TestMatrix<float>(1, gradients.Length).Fill(gradients);
            AdamWKernel.Step(context, step, Data(Parameters), Data(gradient), Data(FirstMoments), Data(SecondMoments), gradients.Length);
            gradient.AssertUntouchedAround();
        }

        public void AssertUntouchedAround()
        {
            Parameters.AssertUntouchedAround();
            FirstMoments.AssertUntouchedAround();
            SecondMoments.AssertUntouchedAround();
        }

        public void Dispose()
        {
            Parameters.Dispose();
            FirstMoments.Dispose();
            SecondMoments.Dispose();
        }

        private static float* Data(MatrixOf<float> matrix) => matrix.Data;
    }
}
