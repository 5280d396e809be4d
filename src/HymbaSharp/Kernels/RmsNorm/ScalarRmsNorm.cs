namespace HymbaSharp.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe class ScalarRmsNorm
{
    /// <summary>One row; with <paramref name="otherGain"/>, the mean of the norms of x and other.</summary>
    public static void Apply(float* x, float* gain, float* other, float* otherGain, float epsilon, float* y, int columns)
    {
        float scale = Scale(x, epsilon, columns);
        if (otherGain is null)
        {
            for (int i = 0; i < columns; i++)
                y[i] = x[i] * scale * gain[i];
            return;
        }
        float otherScale = Scale(other, epsilon, columns);
        for (int i = 0; i < columns; i++)
            y[i] = ((x[i] * scale * gain[i]) + (other[i] * otherScale * otherGain[i])) * 0.5f;
    }

    private static float Scale(float* x, float epsilon, int columns)
    {
        float sum = 0;
        for (int i = 0; i < columns; i++)
            sum += x[i] * x[i];
        return 1f / MathF.Sqrt((sum / columns) + epsilon);
    }
}
