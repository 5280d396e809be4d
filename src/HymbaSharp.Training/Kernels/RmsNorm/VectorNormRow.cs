using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>The vector kernel; what is left of a row after its last whole vector goes to the scalar twin or a plain loop.</summary>
internal unsafe struct VectorNormRow<S, V> : INormRow<float> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float InverseRms(float* x, float epsilon, int columns)
    {
        V even = S.Zero, odd = S.Zero;
        int i = 0;
        for (; i + (2 * S.Count) <= columns; i += 2 * S.Count)
        {
            V a = S.Load(x + i), b = S.Load(x + i + S.Count);
            even = S.MultiplyAdd(a, a, even);
            odd = S.MultiplyAdd(b, b, odd);
        }
        float sum = S.Sum(S.Add(even, odd));
        for (; i < columns; i++)
            sum += x[i] * x[i];
        return 1f / MathF.Sqrt((sum / columns) + epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, float scale, float* gain, float* y, int columns)
    {
        V factor = S.Create(scale);
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
            S.Store(S.Multiply(S.Multiply(S.Load(x + i), factor), S.Load(gain + i)), y + i);
        ScalarNormRow<float>.Scale(x + i, scale, gain + i, y + i, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Mean(float* a, float aScale, float* aGain, float* b, float bScale, float* bGain, float* y, int columns)
    {
        V half = S.Create(0.5f), aFactor = S.Create(aScale), bFactor = S.Create(bScale);
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
        {
            V first = S.Multiply(S.Multiply(S.Load(a + i), aFactor), S.Load(aGain + i));
            V second = S.Multiply(S.Multiply(S.Load(b + i), bFactor), S.Load(bGain + i));
            S.Store(S.Multiply(S.Add(first, second), half), y + i);
        }
        ScalarNormRow<float>.Mean(a + i, aScale, aGain + i, b + i, bScale, bGain + i, y + i, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* x, float* gain, float* dY, int columns)
    {
        V even = S.Zero, odd = S.Zero;
        int i = 0;
        for (; i + (2 * S.Count) <= columns; i += 2 * S.Count)
        {
            even = S.MultiplyAdd(S.Multiply(S.Load(x + i), S.Load(gain + i)), S.Load(dY + i), even);
            odd = S.MultiplyAdd(S.Multiply(S.Load(x + i + S.Count), S.Load(gain + i + S.Count)), S.Load(dY + i + S.Count), odd);
        }
        return S.Sum(S.Add(even, odd)) + ScalarNormRow<float>.Dot(x + i, gain + i, dY + i, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddGainGradient(float* dY, float* x, float scale, float* gainGradient, int columns)
    {
        V factor = S.Create(scale);
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
            S.Store(S.MultiplyAdd(S.Multiply(S.Load(dY + i), S.Load(x + i)), factor, S.Load(gainGradient + i)), gainGradient + i);
        ScalarNormRow<float>.AddGainGradient(dY + i, x + i, scale, gainGradient + i, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* dY, float* x, float* gain, float scale, float pull, float* dX, bool accumulate, int columns)
    {
        V factor = S.Create(scale), toOrigin = S.Create(-pull);
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
        {
            V gradient = S.Multiply(S.MultiplyAdd(S.Load(x + i), toOrigin, S.Multiply(S.Load(gain + i), S.Load(dY + i))), factor);
            S.Store(accumulate ? S.Add(S.Load(dX + i), gradient) : gradient, dX + i);
        }
        ScalarNormRow<float>.Backward(dY + i, x + i, gain + i, scale, pull, dX + i, accumulate, columns - i);
    }
}
