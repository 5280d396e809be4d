using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>The rows of one part of a norm, forward and backward.</summary>
internal static class NormRows
{
    /// <summary>Few enough for many parts, many enough that what they leave of the gain's gradient is little beside x.</summary>
    public const int PerPart = 64;

    /// <summary>How many parts so many rows make, whatever the threads.</summary>
    public static int Parts(int rows) => (rows + PerPart - 1) / PerPart;
}

/// <summary>What a forward pass does.</summary>
internal struct NormForward<T> where T : unmanaged
{
    /// <summary>The norm.</summary>
    public NormOperands<T> First;

    /// <summary>The other norm of a mean, or nothing.</summary>
    public NormOperands<T> Second;

    /// <summary>ε.</summary>
    public T Epsilon;

    /// <summary>y [R, n].</summary>
    public MatrixOf<T> Y;
}

/// <summary>What a backward pass does.</summary>
internal unsafe struct NormBackward<T> where T : unmanaged
{
    /// <summary>The norm.</summary>
    public NormOperands<T> Norm;

    /// <summary>The gradient of y [R, n].</summary>
    public MatrixOf<T> DY;

    /// <summary>That of x [R, n].</summary>
    public MatrixOf<T> DX;

    /// <summary>What the gradient of y is to be multiplied by.</summary>
    public T Factor;

    /// <summary>Whether the gradient of x is added to what is there.</summary>
    public bool Accumulate;

    /// <summary>The gradient of the gain from each part's rows [parts, n], or null.</summary>
    public T* PartialGains;
}

/// <summary>The forward pass: a part is some rows.</summary>
internal unsafe struct NormForwardWork<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : INormRow<T>
{
    private NormForward<T> _forward;

    public static void Run(KernelContext context, in NormForward<T> forward)
    {
        NormForwardWork<T, K> work = new() { _forward = forward };
        context.Pool.Run(ref work, NormRows.Parts(forward.Y.Rows));
    }

    public readonly void Execute(int part, int worker)
    {
        NormOperands<T> a = _forward.First, b = _forward.Second;
        int end = Math.Min((part + 1) * NormRows.PerPart, a.X.Rows), columns = a.X.Columns;
        for (int row = part * NormRows.PerPart; row < end; row++)
        {
            T scale = a.InverseRms.Data[row] = K.InverseRms(a.X[row], _forward.Epsilon, columns);
            if (b.X.Data is null)
            {
                K.Scale(a.X[row], scale, a.Gain.Data, _forward.Y[row], columns);
                continue;
            }
            T otherScale = b.InverseRms.Data[row] = K.InverseRms(b.X[row], _forward.Epsilon, columns);
            K.Mean(a.X[row], scale, a.Gain.Data, b.X[row], otherScale, b.Gain.Data, _forward.Y[row], columns);
        }
    }
}

/// <summary>The backward pass: a part is some rows, and leaves their share of the gain's gradient.</summary>
internal unsafe struct NormBackwardWork<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : INormRow<T>
{
    private NormBackward<T> _backward;

    public static void Run(KernelContext context, in NormBackward<T> backward)
    {
        NormBackwardWork<T, K> work = new() { _backward = backward };
        context.Pool.Run(ref work, NormRows.Parts(backward.DY.Rows));
    }

    public readonly void Execute(int part, int worker)
    {
        MatrixOf<T> x = _backward.Norm.X;
        T* gain = _backward.Norm.Gain.Data, inverseRms = _backward.Norm.InverseRms.Data;
        int end = Math.Min((part + 1) * NormRows.PerPart, x.Rows), columns = x.Columns;
        T* gainGradient = _backward.PartialGains is null ? null : _backward.PartialGains + ((nint)part * columns);
        if (gainGradient is not null)
            new Span<T>(gainGradient, columns).Clear();
        for (int row = part * NormRows.PerPart; row < end; row++)
        {
            T* dY = _backward.DY[row];
            T scale = inverseRms[row], pull = scale * scale * K.Dot(x[row], gain, dY, columns) / T.CreateChecked(columns);
            scale *= _backward.Factor;
            if (gainGradient is not null)
                K.AddGainGradient(dY, x[row], scale, gainGradient, columns);
            K.Backward(dY, x[row], gain, scale, pull, _backward.DX[row], _backward.Accumulate, columns);
        }
    }
}
