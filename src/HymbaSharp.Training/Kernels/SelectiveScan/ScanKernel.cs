using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The selective scan (arXiv 2312.00752, equation 2, discretised as in its reference code) and its gradients:
/// Δ = softplus(delta + bias); h ← exp(Δ⊗A)·h + (Δ·c)⊗B; y = (h·C + D·c) · silu(gate), every document from h = 0.
/// Forward keeps h only at the borders of chunks; backward recomputes the states between (section 3.3.2 of the paper), so what is kept takes
/// R·N·I / <see cref="ChunkRows"/> elements.
/// float32 runs at the context's path, float64 always in the scalar twin.
/// </summary>
internal static unsafe class ScanKernel
{
    /// <summary>Rows of a document between two states that are kept.</summary>
    public const int ChunkRows = 32;

    /// <summary>How many states a forward pass over so many rows keeps, however they are cut into documents.</summary>
    public static int SavedStates(int rows) => Math.Max(rows - 1, 0) / ChunkRows;

    /// <summary>Writes y and the states between chunks.</summary>
    public static void Forward<T>(KernelContext context, in ScanOperands<T> operands, ReadOnlySpan<RowRange> documents) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            ForwardSingles(context, Unsafe.BitCast<ScanOperands<T>, ScanOperands<float>>(operands), documents);
        else
            Forward<T, ScalarScanBlock<T>>(context, operands, documents);
    }

    /// <summary>Writes all gradients, given that of y and the states that forward kept.</summary>
    public static void Backward<T>(KernelContext context, in ScanOperands<T> operands, in ScanGradients<T> gradients, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            BackwardSingles(context, Unsafe.BitCast<ScanOperands<T>, ScanOperands<float>>(operands), Unsafe.BitCast<ScanGradients<T>, ScanGradients<float>>(gradients), documents);
        else
            Backward<T, ScalarScanBlock<T>>(context, operands, gradients, documents);
    }

    private static void ForwardSingles(KernelContext context, in ScanOperands<float> operands, ReadOnlySpan<RowRange> documents)
    {
        switch (context.Path)
        {
            case KernelPath.Scalar:
                Forward<float, ScalarScanBlock<float>>(context, operands, documents);
                break;
            case KernelPath.Vector128:
                Forward<float, VectorScanBlock<Simd128, Vector128<float>>>(context, operands, documents);
                break;
            case KernelPath.Vector256:
                Forward<float, VectorScanBlock<Simd256, Vector256<float>>>(context, operands, documents);
                break;
            default:
                Forward<float, VectorScanBlock<Simd512, Vector512<float>>>(context, operands, documents);
                break;
        }
    }

    private static void BackwardSingles(KernelContext context, in ScanOperands<float> operands, in ScanGradients<float> gradients, ReadOnlySpan<RowRange> documents)
    {
        switch (context.Path)
        {
            case KernelPath.Scalar:
                Backward<float, ScalarScanBlock<float>>(context, operands, gradients, documents);
                break;
            case KernelPath.Vector128:
                Backward<float, VectorScanBlock<Simd128, Vector128<float>>>(context, operands, gradients, documents);
                break;
            case KernelPath.Vector256:
                Backward<float, VectorScanBlock<Simd256, Vector256<float>>>(context, operands, gradients, documents);
                break;
            default:
                Backward<float, VectorScanBlock<Simd512, Vector512<float>>>(context, operands, gradients, documents);
                break;
        }
    }

    private static void Forward<T, K>(KernelContext context, in ScanOperands<T> operands, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T> where K : IScanBlock<T>
    {
        RequireShapes(operands, documents);
        operands.Y.Require(operands.C.Rows, operands.A.Columns, "Selective scan: y");
        if (operands.States.Data is not null)
            RequireStates(operands);
        ScanForward<T, K>.Run(context, operands, documents);
    }

    private static void Backward<T, K>(KernelContext context, in ScanOperands<T> operands, in ScanGradients<T> gradients, ReadOnlySpan<RowRange> documents)
        where T : unmanaged, IFloatingPointIeee754<T> where K : IScanBlock<T>
    {
        RequireShapes(operands, documents);
        RequireStates(operands);
        int states = operands.A.Rows, channels = operands.A.Columns, rows = operands.C.Rows;
        gradients.Y.Require(rows, channels, "Selective scan: the gradient of y");
        gradients.A.Require(states, channels, "Selective scan: the gradient of A");
        gradients.Skip.Require(1, channels, "Selective scan: the gradient of D");
        gradients.Delta.Require(rows, channels, "Selective scan: the gradient of Δ");
        gradients.DeltaBias.Require(1, channels, "Selective scan: the gradient of the bias of Δ");
        gradients.C.Require(rows, channels, "Selective scan: the gradient of c");
        gradients.InputB.Require(rows, states, "Selective scan: the gradient of B");
        gradients.OutputC.Require(rows, states, "Selective scan: the gradient of C");
        gradients.Gate.Require(rows, channels, "Selective scan: the gradient of the gate");
        ScanBackward<T, K>.Run(context, operands, gradients, documents);
    }

    private static void RequireShapes<T>(in ScanOperands<T> operands, ReadOnlySpan<RowRange> documents) where T : unmanaged
    {
        int states = operands.A.Rows, channels = operands.A.Columns, rows = operands.C.Rows;
        operands.Skip.Require(1, channels, "Selective scan: D");
        operands.Delta.Require(rows, channels, "Selective scan: Δ");
        operands.DeltaBias.Require(1, channels, "Selective scan: the bias of Δ");
        operands.C.Require(rows, channels, "Selective scan: c");
        operands.InputB.Require(rows, states, "Selective scan: B");
        operands.OutputC.Require(rows, states, "Selective scan: C");
        operands.Gate.Require(rows, channels, "Selective scan: the gate");
        RowRange.RequireCover(documents, rows);
    }

    private static void RequireStates<T>(in ScanOperands<T> operands) where T : unmanaged
    {
        int saved = SavedStates(operands.C.Rows);
        if (saved > 0)
            operands.States.Require(saved * operands.A.Rows, operands.A.Columns, "Selective scan: the buffer of states");
    }
}
