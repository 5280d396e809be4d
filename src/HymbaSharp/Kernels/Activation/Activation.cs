using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>Elementwise activations, row by row.</summary>
internal unsafe struct Activation : IParallelWork
{
    private const int RowsPerPart = 8;

    private enum Kind
    {
        SiluGate,
        Softplus,
        AddBias,
    }

    private KernelPath _path;
    private Kind _kind;
    private Matrix _y;
    private Matrix _other;
    private float* _bias;

    /// <summary>y = silu(y) · up, elementwise: the gate of the MLP.</summary>
    public static void SiluGate(KernelContext context, Matrix y, Matrix up)
    {
        if (up.Rows != y.Rows || up.Columns != y.Columns)
            throw new ArgumentException($"SiLU gate: operands are [{y.Rows}, {y.Columns}] and [{up.Rows}, {up.Columns}]; they must have one shape.");
        Run(context, new Activation { _kind = Kind.SiluGate, _path = context.Path, _y = y, _other = up });
    }

    /// <summary>y = softplus(y + bias), in place.</summary>
    public static void Softplus(KernelContext context, Matrix y, ReadOnlySpan<float> bias) => RunWithBias(context, Kind.Softplus, y, bias);

    /// <summary>y = y + bias, in place.</summary>
    public static void AddBias(KernelContext context, Matrix y, ReadOnlySpan<float> bias) => RunWithBias(context, Kind.AddBias, y, bias);

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _y.Rows);
        for (int row = part * RowsPerPart; row < end; row++)
        {
            switch (_path)
            {
                case KernelPath.Scalar:
                    Row<ScalarActivation>(row);
                    break;
                case KernelPath.Vector128:
                    Row<VectorActivation<Simd128, Vector128<float>>>(row);
                    break;
                case KernelPath.Vector256:
                    Row<VectorActivation<Simd256, Vector256<float>>>(row);
                    break;
                default:
                    Row<VectorActivation<Simd512, Vector512<float>>>(row);
                    break;
            }
        }
    }

    private readonly void Row<T>(int row) where T : IActivationKernel
    {
        switch (_kind)
        {
            case Kind.SiluGate:
                T.SiluGate(_y[row], _other[row], _y.Columns);
                break;
            case Kind.Softplus:
                T.Softplus(_y[row], _bias, _y.Columns);
                break;
            default:
                T.AddBias(_y[row], _bias, _y.Columns);
                break;
        }
    }

    private static void RunWithBias(KernelContext context, Kind kind, Matrix y, ReadOnlySpan<float> bias)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Length, y.Columns);
        fixed (float* b = bias)
            Run(context, new Activation { _kind = kind, _path = context.Path, _y = y, _bias = b });
    }

    private static void Run(KernelContext context, Activation work) =>
        context.Pool.Run(ref work, (work._y.Rows + RowsPerPart - 1) / RowsPerPart);
}

/// <summary>The activations of one row at one path.</summary>
internal unsafe interface IActivationKernel
{
    /// <summary>y = silu(y) · up.</summary>
    static abstract void SiluGate(float* y, float* up, int count);

    /// <summary>y = softplus(y + bias).</summary>
    static abstract void Softplus(float* y, float* bias, int count);

    /// <summary>y = y + bias.</summary>
    static abstract void AddBias(float* y, float* bias, int count);
}
