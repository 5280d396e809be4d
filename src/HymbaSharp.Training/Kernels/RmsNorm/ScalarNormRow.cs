using System.Numerics;

namespace HymbaSharp.Training.Kernels;

/// <summary>The scalar twin, in float32 or float64.</summary>
internal unsafe struct ScalarNormRow<T> : INormRow<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T InverseRms(T* x, T epsilon, int columns)
    {
        T sum = T.Zero;
        for (int i = 0; i < columns; i++)
            sum += x[i] * x[i];
        return T.One / T.Sqrt((sum / T.CreateChecked(columns)) + epsilon);
    }

    public static void Scale(T* x, T scale, T* gain, T* y, int columns)
    {
        for (int i = 0; i < columns; i++)
            y[i] = x[i] * scale * gain[i];
    }

    public static void Mean(T* a, T aScale, T* aGain, T* b, T bScale, T* bGain, T* y, int columns)
    {
        T half = T.CreateChecked(0.5);
        for (int i = 0; i < columns; i++)
            y[i] = ((a[i] * aScale * aGain[i]) + (b[i] * bScale * bGain[i])) * half;
    }

    public static T Dot(T* x, T* gain, T* dY, int columns)
    {
        T sum = T.Zero;
        for (int i = 0; i < columns; i++)
            sum += x[i] * gain[i] * dY[i];
        return sum;
    }

    public static void AddGainGradient(T* dY, T* x, T scale, T* gainGradient, int columns)
    {
        for (int i = 0; i < columns; i++)
            gainGradient[i] += dY[i] * x[i] * scale;
    }

    public static void Backward(T* dY, T* x, T* gain, T scale, T pull, T* dX, bool accumulate, int columns)
    {
        for (int i = 0; i < columns; i++)
        {
            T gradient = ((gain[i] * dY[i]) - (x[i] * pull)) * scale;
            dX[i] = accumulate ? dX[i] + gradient : gradient;
        }
    }
}
