using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>What cross-entropy does with the logits of one row.</summary>
internal unsafe interface ICrossEntropyRow<T> where T : unmanaged
{
    /// <summary>The largest logit.</summary>
    static abstract T Max(T* logits, int columns);

    /// <summary>Σ e^(logit − max), in float64: a vocabulary's worth of terms would lose digits in float32.</summary>
    static abstract double SumExponentials(T* logits, T max, int columns);

    /// <summary>gradient = e^(logit − max − logSum) · scale; may be the logits.</summary>
    static abstract void Softmax(T* logits, T max, T logSum, T scale, T* gradient, int columns);
}

/// <summary>The scalar twin, in float32 or float64.</summary>
internal unsafe struct ScalarCrossEntropyRow<T> : ICrossEntropyRow<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Max(T* logits, int columns)
    {
        T max = T.NegativeInfinity;
        for (int i = 0; i < columns; i++)
            max = logits[i] > max ? logits[i] : max;
        return max;
    }

    public static double SumExponentials(T* logits, T max, int columns)
    {
        double sum = 0;
        for (int i = 0; i < columns; i++)
            sum += double.CreateChecked(T.Exp(logits[i] - max));
        return sum;
    }

    public static void Softmax(T* logits, T max, T logSum, T scale, T* gradient, int columns)
    {
        for (int i = 0; i < columns; i++)
            gradient[i] = T.Exp(logits[i] - max - logSum) * scale;
    }
}

/// <summary>The vector kernel; what is left of a row after its last whole vector goes to the scalar twin.</summary>
internal unsafe struct VectorCrossEntropyRow<S, V> : ICrossEntropyRow<float> where S : struct, ISimd<V> where V : struct
{
    // Vectors of terms that are added up in float32 before the sum goes on in float64.
    private const int VectorsPerSum = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max(float* logits, int columns)
    {
        V even = S.Create(float.NegativeInfinity), odd = even;
        int i = 0;
        for (; i + (2 * S.Count) <= columns; i += 2 * S.Count)
        {
            even = S.MaxNative(S.Load(logits + i), even);
            odd = S.MaxNative(S.Load(logits + i + S.Count), odd);
        }
        float max = S.Max(S.MaxNative(even, odd)), rest = ScalarCrossEntropyRow<float>.Max(logits + i, columns - i);
        return rest > max ? rest : max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SumExponentials(float* logits, float max, int columns)
    {
        V origin = S.Create(max);
        double sum = 0;
        int i = 0, whole = columns / S.Count * S.Count;
        while (i < whole)
        {
            int end = Math.Min(i + (VectorsPerSum * S.Count), whole);
            V terms = S.Zero;
            for (; i < end; i += S.Count)
                terms = S.Add(terms, Elementary<S, V>.Exp(S.Subtract(S.Load(logits + i), origin)));
            sum += S.Sum(terms);
        }
        return sum + ScalarCrossEntropyRow<float>.SumExponentials(logits + i, max, columns - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* logits, float max, float logSum, float scale, float* gradient, int columns)
    {
        V origin = S.Create(max), offset = S.Create(logSum), factor = S.Create(scale);
        int i = 0;
        for (; i + S.Count <= columns; i += S.Count)
            S.Store(S.Multiply(Elementary<S, V>.Exp(S.Subtract(S.Subtract(S.Load(logits + i), origin), offset)), factor), gradient + i);
        ScalarCrossEntropyRow<float>.Softmax(logits + i, max, logSum, scale, gradient + i, columns - i);
    }
}
