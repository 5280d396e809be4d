using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Cross-entropy of every row of logits against one target: loss = ln Σ e^logit − logit[target], which is minus the target's log-probability.
/// The largest logit is taken out before exponentials are; the logits are read twice forward and once backward.
/// float32 runs at the context's path, float64 always in the scalar twin.
/// </summary>
internal static class CrossEntropyKernel
{
    /// <param name="context">Path and threads.</param>
    /// <param name="logits">[n, V].</param>
    /// <param name="targets">[n], each 0 … V − 1.</param>
    /// <param name="losses">[1, n], written.</param>
    /// <param name="normalizers">
    /// The largest logit of every row, and ln Σ e^(logit − largest) [2, n], written: what the backward pass needs. Their sum would be one
    /// number, and coarse where logits are large.
    /// </param>
    public static void Forward<T>(KernelContext context, MatrixOf<T> logits, ReadOnlySpan<int> targets, MatrixOf<T> losses, MatrixOf<T> normalizers)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        RequireShapes(logits, targets, normalizers);
        losses.Require(1, logits.Rows, "Cross-entropy: the losses");
        Run(context, new CrossEntropy<T> { Logits = logits, Normalizers = normalizers, PerRow = losses }, targets);
    }

    /// <summary>Writes the gradient of Σ scale · loss by the logits: (softmax − one at the target) · scale.</summary>
    /// <param name="context">Path and threads.</param>
    /// <param name="logits">[n, V].</param>
    /// <param name="targets">[n], each 0 … V − 1.</param>
    /// <param name="normalizers">[2, n], as forward wrote them.</param>
    /// <param name="scales">[1, n]: the gradient of every row's loss.</param>
    /// <param name="dLogits">[n, V]; may be the logits.</param>
    public static void Backward<T>(KernelContext context, MatrixOf<T> logits, ReadOnlySpan<int> targets, MatrixOf<T> normalizers, MatrixOf<T> scales, MatrixOf<T> dLogits)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        RequireShapes(logits, targets, normalizers);
        scales.Require(1, logits.Rows, "Cross-entropy: the scales");
        dLogits.Require(logits.Rows, logits.Columns, "Cross-entropy: the gradient of the logits");
        Run(context, new CrossEntropy<T> { IsBackward = true, Logits = logits, Normalizers = normalizers, PerRow = scales, DLogits = dLogits }, targets);
    }

    private static void RequireShapes<T>(MatrixOf<T> logits, ReadOnlySpan<int> targets, MatrixOf<T> normalizers) where T : unmanaged
    {
        logits.Require(logits.Rows, logits.Columns, "Cross-entropy: the logits");
        normalizers.Require(2, logits.Rows, "Cross-entropy: the normalizers");
        if (targets.Length != logits.Rows)
            throw new ArgumentException($"Cross-entropy: {targets.Length} targets for {logits.Rows} rows of logits; there must be one for each.");
        foreach (int target in targets)
        {
            if ((uint)target >= (uint)logits.Columns)
                throw new ArgumentException($"Cross-entropy: target {target} is none of {logits.Columns} classes.");
        }
    }

    private static unsafe void Run<T>(KernelContext context, CrossEntropy<T> pass, ReadOnlySpan<int> targets) where T : unmanaged, IFloatingPointIeee754<T>
    {
        fixed (int* all = targets)
        {
            pass.Targets = all;
            if (typeof(T) != typeof(float) || context.Path == KernelPath.Scalar)
            {
                CrossEntropyWork<T, ScalarCrossEntropyRow<T>>.Run(context, pass);
                return;
            }
            CrossEntropy<float> singles = Unsafe.BitCast<CrossEntropy<T>, CrossEntropy<float>>(pass);
            switch (context.Path)
            {
                case KernelPath.Vector128:
                    CrossEntropyWork<float, VectorCrossEntropyRow<Simd128, Vector128<float>>>.Run(context, singles);
                    break;
                case KernelPath.Vector256:
                    CrossEntropyWork<float, VectorCrossEntropyRow<Simd256, Vector256<float>>>.Run(context, singles);
                    break;
                default:
                    CrossEntropyWork<float, VectorCrossEntropyRow<Simd512, Vector512<float>>>.Run(context, singles);
                    break;
            }
        }
    }
}

/// <summary>What a pass, forward or backward, reads and writes.</summary>
internal unsafe struct CrossEntropy<T> where T : unmanaged
{
    public bool IsBackward;
    public MatrixOf<T> Logits;
    public int* Targets;
    public MatrixOf<T> Normalizers;

    /// <summary>The losses, or their gradients.</summary>
    public MatrixOf<T> PerRow;

    public MatrixOf<T> DLogits;
}

/// <summary>Either pass: a part is a row.</summary>
internal unsafe struct CrossEntropyWork<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : ICrossEntropyRow<T>
{
    private CrossEntropy<T> _pass;

    public static void Run(KernelContext context, in CrossEntropy<T> pass)
    {
        CrossEntropyWork<T, K> work = new() { _pass = pass };
        context.Pool.Run(ref work, pass.Logits.Rows);
    }

    public readonly void Execute(int part, int worker)
    {
        T* logits = _pass.Logits[part], max = _pass.Normalizers[0] + part, logSum = _pass.Normalizers[1] + part;
        int columns = _pass.Logits.Columns, target = _pass.Targets[part];
        if (_pass.IsBackward)
        {
            T* gradient = _pass.DLogits[part];
            T scale = _pass.PerRow.Data[part];
            K.Softmax(logits, *max, *logSum, scale, gradient, columns);
            gradient[target] -= scale;
            return;
        }
        *max = K.Max(logits, columns);
        double exactLogSum = Math.Log(K.SumExponentials(logits, *max, columns));
        *logSum = T.CreateChecked(exactLogSum);
        _pass.PerRow.Data[part] = T.CreateChecked(double.CreateChecked(*max) - double.CreateChecked(logits[target]) + exactLogSum);
    }
}
