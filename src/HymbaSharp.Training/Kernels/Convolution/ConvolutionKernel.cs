using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// c[t] = silu(bias + Σⱼ weight[j] · s[t − K + 1 + j]), causal, each channel by itself (arXiv 2312.00752, section 3.4), zeros before a
/// document's first row, and its gradients. Backward recomputes the sums from s. float32 runs at the context's path, float64 always in the scalar twin.
/// </summary>
internal static unsafe class ConvolutionKernel
{
    /// <summary>Rows of a document that all channels of a part go through before the next: their lines lie beside each other, a channel's own far apart.</summary>
    public const int TileRows = 64;

    /// <summary>Writes c.</summary>
    public static void Forward<T>(KernelContext context, in ConvolutionOperands<T> operands, ReadOnlySpan<RowRange> documents) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            ForwardSingles(context, Unsafe.BitCast<ConvolutionOperands<T>, ConvolutionOperands<float>>(operands), documents);
        else
            Forward<T, ScalarConvolutionBlock<T>>(context, operands, documents);
    }

    /// <summary>Writes all gradients, given that of c.</summary>
    public static void Backward<T>(KernelContext context, in ConvolutionOperands<T> operands, in ConvolutionGradients<T> gradients, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            BackwardSingles(
                context,
                Unsafe.BitCast<ConvolutionOperands<T>, ConvolutionOperands<float>>(operands),
                Unsafe.BitCast<ConvolutionGradients<T>, ConvolutionGradients<float>>(gradients),
                documents);
        else
            Backward<T, ScalarConvolutionBlock<T>>(context, operands, gradients, documents);
    }

    private static void ForwardSingles(KernelContext context, in ConvolutionOperands<float> operands, ReadOnlySpan<RowRange> documents)
    {
        switch (context.Path)
        {
            case KernelPath.Scalar:
                Forward<float, ScalarConvolutionBlock<float>>(context, operands, documents);
                break;
            case KernelPath.Vector128:
                Forward<float, VectorConvolutionBlock<Simd128, Vector128<float>>>(context, operands, documents);
                break;
            case KernelPath.Vector256:
                Forward<float, VectorConvolutionBlock<Simd256, Vector256<float>>>(context, operands, documents);
                break;
            default:
                Forward<float, VectorConvolutionBlock<Simd512, Vector512<float>>>(context, operands, documents);
                break;
        }
    }

    private static void BackwardSingles(KernelContext context, in ConvolutionOperands<float> operands, in ConvolutionGradients<float> gradients, ReadOnlySpan<RowRange> documents)
    {
        switch (context.Path)
        {
            case KernelPath.Scalar:
                Backward<float, ScalarConvolutionBlock<float>>(context, operands, gradients, documents);
                break;
            case KernelPath.Vector128:
                Backward<float, VectorConvolutionBlock<Simd128, Vector128<float>>>(context, operands, gradients, documents);
                break;
            case KernelPath.Vector256:
                Backward<float, VectorConvolutionBlock<Simd256, Vector256<float>>>(context, operands, gradients, documents);
                break;
            default:
                Backward<float, VectorConvolutionBlock<Simd512, Vector512<float>>>(context, operands, gradients, documents);
                break;
        }
    }

    private static void Forward<T, K>(KernelContext context, in ConvolutionOperands<T> operands, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T> where K : IConvolutionBlock<T>
    {
        RequireShapes(operands, documents);
        operands.C.Require(operands.S.Rows, operands.Weights.Columns, "Convolution: c");
        ConvolutionForward<T, K>.Run(context, operands, documents);
    }

    private static void Backward<T, K>(KernelContext context, in ConvolutionOperands<T> operands, in ConvolutionGradients<T> gradients, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T> where K : IConvolutionBlock<T>
    {
        RequireShapes(operands, documents);
        int taps = operands.Weights.Rows, channels = operands.Weights.Columns, rows = operands.S.Rows;
        gradients.C.Require(rows, channels, "Convolution: the gradient of c");
        gradients.Weights.Require(taps, channels, "Convolution: the gradient of the weights");
        gradients.Bias.Require(1, channels, "Convolution: the gradient of the bias");
        gradients.S.Require(rows, channels, "Convolution: the gradient of s");
        ConvolutionBackward<T, K>.Run(context, operands, gradients, documents);
    }

    private static void RequireShapes<T>(in ConvolutionOperands<T> operands, ReadOnlySpan<RowRange> documents) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(operands.Weights.Rows, 1);
        operands.Bias.Require(1, operands.Weights.Columns, "Convolution: the bias");
        operands.S.Require(operands.S.Rows, operands.Weights.Columns, "Convolution: s");
        RowRange.RequireCover(documents, operands.S.Rows);
    }
}
