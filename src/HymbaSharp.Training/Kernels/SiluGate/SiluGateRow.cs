using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>The gate of one row of so many columns.</summary>
internal unsafe interface ISiluGateRow<T> where T : unmanaged
{
    /// <summary>y = silu(gate) · up.</summary>
    static abstract void Forward(T* gate, T* up, T* y, int columns);

    /// <summary>dGate = dY · up · silu′(gate), dUp = dY · silu(gate).</summary>
    static abstract void Backward(T* gate, T* up, T* dY, T* dGate, T* dUp, int columns);
}

/// <summary>The scalar twin, in float32 or float64.</summary>
internal unsafe struct ScalarSiluGateRow<T> : ISiluGateRow<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(T* gate, T* up, T* y, int columns)
    {
        for (int i = 0; i < columns; i++)
            y[i] = ScalarFunctions<T>.Silu(gate[i]) * up[i];
    }

    public static void Backward(T* gate, T* up, T* dY, T* dGate, T* dUp, int columns)
    {
        for (int i = 0; i < columns; i++)
        {
            T g = gate[i], u = up[i], d = dY[i];
            dGate[i] = d * u * ScalarFunctions<T>.SiluSlope(g);
            dUp[i] = d * ScalarFunctions<T>.Silu(g);
        }
    }
}

/// <summary>The vector kernel; what is left of a row after its last whole vector goes to the scalar twin.</summary>
internal unsafe struct VectorSiluGateRow<S, V> : ISiluGateRow<float> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* gate, float* up, float* y, int columns)
    {
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
            S.Store(S.Multiply(Elementary<S, V>.Silu(S.Load(gate + i)), S.Load(up + i)), y + i);
        ScalarSiluGateRow<float>.Forward(gate + i, up + i, y + i, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* gate, float* up, float* dY, float* dGate, float* dUp, int columns)
    {
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
        {
            V g = S.Load(gate + i), u = S.Load(up + i), d = S.Load(dY + i), sigmoid = Slopes<S, V>.Sigmoid(g);
            S.Store(S.Multiply(S.Multiply(d, u), Slopes<S, V>.Silu(g, sigmoid)), dGate + i);
            S.Store(S.Multiply(d, S.Multiply(g, sigmoid)), dUp + i);
        }
        ScalarSiluGateRow<float>.Backward(gate + i, up + i, dY + i, dGate + i, dUp + i, columns - i);
    }
}
