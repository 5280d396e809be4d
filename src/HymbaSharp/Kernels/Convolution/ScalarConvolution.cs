
namespace HymbaSharp.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe class ScalarConvolution
{
    public static void Apply(Matrix weights, float* bias, Matrix tail, Matrix s, Matrix c) =>
        Apply(weights, bias, tail, s, c, start: 0);

    /// <summary>The channels from <paramref name="start"/> on.</summary>
    public static void Apply(Matrix weights, float* bias, Matrix tail, Matrix s, Matrix c, int start)
    {
        for (int t = 0; t < s.Rows; t++)
        {
            for (int i = start; i < s.Columns; i++)
            {
                float sum = bias[i];
                for (int j = 0; j < weights.Rows; j++)
                {
                    int from = t - tail.Rows + j;
                    sum += weights[j][i] * (from < 0 ? tail[from + tail.Rows][i] : s[from][i]);
                }
                c[t][i] = ScalarElementary.Silu(sum);
            }
        }
    }
}
