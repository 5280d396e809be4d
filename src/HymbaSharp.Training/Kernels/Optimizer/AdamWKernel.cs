using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>What a step of AdamW goes by.</summary>
internal readonly record struct AdamWStep
{
    /// <summary>The number of this step, the first being 1: corrects the bias of the moments.</summary>
    public required int Number { get; init; }

    /// <summary>Learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, times the learning rate.</summary>
    public double WeightDecay { get; init; }

    /// <summary>What gradients are multiplied by first: less than 1 where their norm is clipped.</summary>
    public double GradientScale { get; init; } = 1;

    public AdamWStep()
    {
    }
}

/// <summary>
/// Adam with decoupled weight decay (arXiv 1711.05101, algorithm 2), one pass over each parameter, in the order of operations of PyTorch's AdamW:
/// factors of scalars are formed in float64 and rounded once, and the moments' products and sums are fused where the processor can, as libtorch's are.
/// Bound by memory, so the vectors are as wide as the runtime likes.
/// </summary>
internal unsafe struct AdamWKernel : IParallelWork
{
    private const int ElementsPerPart = 1 << 16;

    private KernelPath _path;
    private Factors _factors;
    private float* _parameters;
    private float* _gradients;
    private float* _firstMoments;
    private float* _secondMoments;
    private long _count;

    /// <summary>Takes a step: updates parameters and both moments.</summary>
    /// <param name="context">Path and threads.</param>
    /// <param name="step">What it goes by.</param>
    /// <param name="parameters">[count], updated.</param>
    /// <param name="gradients">[count].</param>
    /// <param name="firstMoments">[count], updated; zeros before the first step.</param>
    /// <param name="secondMoments">[count], updated; zeros before the first step.</param>
    /// <param name="count">Elements of each.</param>
    public static void Step(KernelContext context, in AdamWStep step, float* parameters, float* gradients, float* firstMoments, float* secondMoments, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step.Number, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        AdamWKernel work = new()
        {
            _path = context.Path,
            _factors = new Factors(step),
            _parameters = parameters,
            _gradients = gradients,
            _firstMoments = firstMoments,
            _secondMoments = secondMoments,
            _count = count,
        };
        context.Pool.Run(ref work, checked((int)((count + ElementsPerPart - 1) / ElementsPerPart)));
    }

    public readonly void Execute(int part, int worker)
    {
        long start = (long)part * ElementsPerPart;
        int count = (int)Math.Min(ElementsPerPart, _count - start);
        float* parameters = _parameters + start, gradients = _gradients + start, firstMoments = _firstMoments + start, secondMoments = _secondMoments + start;
        int done = _path == KernelPath.Scalar ? 0 : Vectors(_factors, parameters, gradients, firstMoments, secondMoments, count);
        Scalars(_factors, parameters, gradients, firstMoments, secondMoments, done, count);
    }

    // Returns how many elements whole vectors made up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Vectors(in Factors factors, float* parameters, float* gradients, float* firstMoments, float* secondMoments, int count)
    {
        Vector<float> scale = new(factors.GradientScale), kept = new(factors.Kept), weight1 = new(factors.Weight1), beta2 = new(factors.Beta2);
        Vector<float> weight2 = new(factors.Weight2), correction = new(factors.RootCorrection), epsilon = new(factors.Epsilon), size = new(factors.NegativeStepSize);
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector<float> gradient = Vector.Load(gradients + i) * scale, first = Vector.Load(firstMoments + i);
            first = Vector.MultiplyAddEstimate(weight1, gradient - first, first);
            Vector<float> second = Vector.MultiplyAddEstimate(weight2 * gradient, gradient, Vector.Load(secondMoments + i) * beta2);
            Vector<float> denominator = (Vector.SquareRoot(second) / correction) + epsilon;
            first.Store(firstMoments + i);
            second.Store(secondMoments + i);
            ((Vector.Load(parameters + i) * kept) + (size * first / denominator)).Store(parameters + i);
        }
        return i;
    }

    private static void Scalars(in Factors factors, float* parameters, float* gradients, float* firstMoments, float* secondMoments, int start, int count)
    {
        for (int i = start; i < count; i++)
        {
            float gradient = gradients[i] * factors.GradientScale;
            float first = float.MultiplyAddEstimate(factors.Weight1, gradient - firstMoments[i], firstMoments[i]);
            float second = float.MultiplyAddEstimate(factors.Weight2 * gradient, gradient, secondMoments[i] * factors.Beta2);
            float denominator = (MathF.Sqrt(second) / factors.RootCorrection) + factors.Epsilon;
            firstMoments[i] = first;
            secondMoments[i] = second;
            parameters[i] = (parameters[i] * factors.Kept) + (factors.NegativeStepSize * first / denominator);
        }
    }

    /// <summary>The step's scalars as its vectors meet them.</summary>
    private readonly struct Factors(in AdamWStep step)
    {
        public readonly float GradientScale = (float)step.GradientScale;

        /// <summary>What weight decay leaves of a parameter.</summary>
        public readonly float Kept = (float)(1 - (step.LearningRate * step.WeightDecay));

        public readonly float Weight1 = (float)(1 - step.Beta1);
        public readonly float Beta2 = (float)step.Beta2;
        public readonly float Weight2 = (float)(1 - step.Beta2);
        public readonly float RootCorrection = (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Number));
        public readonly float Epsilon = (float)step.Epsilon;
        public readonly float NegativeStepSize = (float)-(step.LearningRate / (1 - Math.Pow(step.Beta1, step.Number)));
    }
}
