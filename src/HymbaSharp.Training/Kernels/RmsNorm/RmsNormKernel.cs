using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Root-mean-square norm of every row, y = g · x · r with r = 1 / sqrt(mean(x²) + ε) (arXiv 1910.07467), the mean of two such norms, and their
/// gradients: with p = g · dy, dx = r · (p − x · r² · mean(p · x)) and dg = Σ over the rows of dy · x · r.
/// float32 runs at the context's path, float64 always in the scalar twin.
/// </summary>
internal static unsafe class RmsNormKernel
{
    /// <summary>y = RMSNorm(x; gain), row by row.</summary>
    public static void Forward<T>(KernelContext context, in NormOperands<T> norm, double epsilon, MatrixOf<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        norm.RequireShapes();
        y.Require(norm.X.Rows, norm.X.Columns, "RMSNorm: y");
        Run(context, new NormForward<T> { First = norm, Epsilon = T.CreateChecked(epsilon), Y = y });
    }

    /// <summary>y = (RMSNorm(a) + RMSNorm(b)) / 2: how the two kinds of heads are joined.</summary>
    public static void ForwardMean<T>(KernelContext context, in NormOperands<T> a, in NormOperands<T> b, double epsilon, MatrixOf<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        a.RequireShapes();
        b.RequireShapes();
        b.X.Require(a.X.Rows, a.X.Columns, "RMSNorm: the second operand of a mean");
        y.Require(a.X.Rows, a.X.Columns, "RMSNorm: y");
        Run(context, new NormForward<T> { First = a, Second = b, Epsilon = T.CreateChecked(epsilon), Y = y });
    }

    /// <summary>Writes the gradients, given that of y [R, n]; with <paramref name="accumulate"/> that of x is added to what is there.</summary>
    public static void Backward<T>(KernelContext context, in NormOperands<T> norm, MatrixOf<T> dY, in NormGradients<T> gradients, bool accumulate = false)
        where T : unmanaged, IFloatingPointIeee754<T> => Backward(context, norm, dY, gradients, T.One, accumulate);

    /// <summary>Writes the gradients of both norms of a mean, given that of y [R, n].</summary>
    public static void BackwardMean<T>(
        KernelContext context, in NormOperands<T> a, in NormOperands<T> b, MatrixOf<T> dY, in NormGradients<T> aGradients, in NormGradients<T> bGradients)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T half = T.CreateChecked(0.5);
        Backward(context, a, dY, aGradients, half, accumulate: false);
        Backward(context, b, dY, bGradients, half, accumulate: false);
    }

    private static void Backward<T>(KernelContext context, in NormOperands<T> norm, MatrixOf<T> dY, in NormGradients<T> gradients, T factor, bool accumulate)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        norm.RequireShapes();
        int rows = norm.X.Rows, columns = norm.X.Columns;
        dY.Require(rows, columns, "RMSNorm: the gradient of y");
        gradients.X.Require(rows, columns, "RMSNorm: the gradient of x");
        NormBackward<T> backward = new() { Norm = norm, DY = dY, DX = gradients.X, Factor = factor, Accumulate = accumulate };
        int parts = NormRows.Parts(rows);
        if (gradients.Gain.Data is not null)
        {
            gradients.Gain.Require(1, columns, "RMSNorm: the gradient of the gain");
            backward.PartialGains = (T*)context.SharedScratch((long)parts * columns * sizeof(T) / sizeof(float));
        }
        Run(context, backward);
        if (gradients.Gain.Data is not null)
            PartialSums<T>.Add(context, backward.PartialGains, parts, gradients.Gain);
    }

    private static void Run<T>(KernelContext context, in NormForward<T> forward) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) || context.Path == KernelPath.Scalar)
        {
            NormForwardWork<T, ScalarNormRow<T>>.Run(context, forward);
            return;
        }
        NormForward<float> singles = Unsafe.BitCast<NormForward<T>, NormForward<float>>(forward);
        switch (context.Path)
        {
            case KernelPath.Vector128:
                NormForwardWork<float, VectorNormRow<Simd128, Vector128<float>>>.Run(context, singles);
                break;
            case KernelPath.Vector256:
                NormForwardWork<float, VectorNormRow<Simd256, Vector256<float>>>.Run(context, singles);
                break;
            default:
                NormForwardWork<float, VectorNormRow<Simd512, Vector512<float>>>.Run(context, singles);
                break;
        }
    }

    private static void Run<T>(KernelContext context, in NormBackward<T> backward) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) || context.Path == KernelPath.Scalar)
        {
            NormBackwardWork<T, ScalarNormRow<T>>.Run(context, backward);
            return;
        }
        NormBackward<float> singles = Unsafe.BitCast<NormBackward<T>, NormBackward<float>>(backward);
        switch (context.Path)
        {
            case KernelPath.Vector128:
                NormBackwardWork<float, VectorNormRow<Simd128, Vector128<float>>>.Run(context, singles);
                break;
            case KernelPath.Vector256:
                NormBackwardWork<float, VectorNormRow<Simd256, Vector256<float>>>.Run(context, singles);
                break;
            default:
                NormBackwardWork<float, VectorNormRow<Simd512, Vector512<float>>>.Run(context, singles);
                break;
        }
    }
}
