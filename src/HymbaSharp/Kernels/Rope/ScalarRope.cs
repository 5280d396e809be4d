namespace HymbaSharp.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe class ScalarRope
{
    /// <summary>Turns one head of 2 · <paramref name="half"/> values.</summary>
    public static void Rotate(float* head, float* cosines, float* sines, int half) => Rotate(head, cosines, sines, half, start: 0);

    /// <summary>Turns the pairs from <paramref name="start"/> on.</summary>
    public static void Rotate(float* head, float* cosines, float* sines, int half, int start)
    {
        for (int j = start; j < half; j++)
        {
            float a = head[j], b = head[j + half];
            head[j] = (a * cosines[j]) - (b * sines[j]);
            head[j + half] = (b * cosines[j]) + (a * sines[j]);
        }
    }
}
