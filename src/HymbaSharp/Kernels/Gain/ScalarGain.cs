namespace HymbaSharp.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe class ScalarGain
{
    public static void Apply(float* x, float* gains, float* y, int count, bool accumulate)
    {
        for (int i = 0; i < count; i++)
            y[i] = accumulate ? y[i] + (x[i] * gains[i]) : x[i] * gains[i];
    }
}
