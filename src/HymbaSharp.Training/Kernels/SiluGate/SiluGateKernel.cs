using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// y = silu(gate) · up, elementwise: the gate of the MLP (arXiv 2002.05202), and its gradients.
/// float32 runs at the context's path, float64 always in the scalar twin.
/// </summary>
internal static class SiluGateKernel
{
    /// <summary>y = silu(gate) · up, all [R, F]; y may be either.</summary>
    public static void Forward<T>(KernelContext context, MatrixOf<T> gate, MatrixOf<T> up, MatrixOf<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        gate.Require(gate.Rows, gate.Columns, "SiLU gate: gate");
        up.Require(gate.Rows, gate.Columns, "SiLU gate: up");
        y.Require(gate.Rows, gate.Columns, "SiLU gate: y");
        Run(context, new SiluGate<T> { Gate = gate, Up = up, Y = y });
    }

    /// <summary>Writes the gradients of gate and up, given that of y, all [R, F]; each may be any of the operands.</summary>
    public static void Backward<T>(KernelContext context, MatrixOf<T> gate, MatrixOf<T> up, MatrixOf<T> dY, MatrixOf<T> dGate, MatrixOf<T> dUp)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        gate.Require(gate.Rows, gate.Columns, "SiLU gate: gate");
        up.Require(gate.Rows, gate.Columns, "SiLU gate: up");
        dY.Require(gate.Rows, gate.Columns, "SiLU gate: the gradient of y");
        dGate.Require(gate.Rows, gate.Columns, "SiLU gate: the gradient of gate");
        dUp.Require(gate.Rows, gate.Columns, "SiLU gate: the gradient of up");
        Run(context, new SiluGate<T> { IsBackward = true, Gate = gate, Up = up, Y = dY, DGate = dGate, DUp = dUp });
    }

    private static void Run<T>(KernelContext context, in SiluGate<T> pass) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) || context.Path == KernelPath.Scalar)
        {
            SiluGateWork<T, ScalarSiluGateRow<T>>.Run(context, pass);
            return;
        }
        SiluGate<float> singles = Unsafe.BitCast<SiluGate<T>, SiluGate<float>>(pass);
        switch (context.Path)
        {
            case KernelPath.Vector128:
                SiluGateWork<float, VectorSiluGateRow<Simd128, Vector128<float>>>.Run(context, singles);
                break;
            case KernelPath.Vector256:
                SiluGateWork<float, VectorSiluGateRow<Simd256, Vector256<float>>>.Run(context, singles);
                break;
            default:
                SiluGateWork<float, VectorSiluGateRow<Simd512, Vector512<float>>>.Run(context, singles);
                break;
        }
    }
}

/// <summary>What a pass, forward or backward, reads and writes.</summary>
internal struct SiluGate<T> where T : unmanaged
{
    public bool IsBackward;
    public MatrixOf<T> Gate;
    public MatrixOf<T> Up;

    /// <summary>y, or its gradient.</summary>
    public MatrixOf<T> Y;

    public MatrixOf<T> DGate;
    public MatrixOf<T> DUp;
}

/// <summary>Either pass: a part is some rows.</summary>
internal unsafe struct SiluGateWork<T, K> : IParallelWork where T : unmanaged where K : ISiluGateRow<T>
{
    private const int RowsPerPart = 8;

    private SiluGate<T> _pass;

    public static void Run(KernelContext context, in SiluGate<T> pass)
    {
        SiluGateWork<T, K> work = new() { _pass = pass };
        context.Pool.Run(ref work, (pass.Gate.Rows + RowsPerPart - 1) / RowsPerPart);
    }

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _pass.Gate.Rows), columns = _pass.Gate.Columns;
        for (int row = part * RowsPerPart; row < end; row++)
        {
            if (_pass.IsBackward)
                K.Backward(_pass.Gate[row], _pass.Up[row], _pass.Y[row], _pass.DGate[row], _pass.DUp[row], columns);
            else
                K.Forward(_pass.Gate[row], _pass.Up[row], _pass.Y[row], columns);
        }
    }
}
