using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel: neighbouring channels in a vector; channels left over go to the scalar twin.</summary>
internal static unsafe class VectorConvolution<S, V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Matrix weights, float* bias, Matrix tail, Matrix s, Matrix c)
    {
        int whole = s.Columns / S.Count * S.Count;
        for (int t = 0; t < s.Rows; t++)
        {
            float* result = c[t];
            for (int i = 0; i < whole; i += S.Count)
            {
                V sum = S.Load(bias + i);
                for (int j = 0; j < weights.Rows; j++)
                {
                    int from = t - tail.Rows + j;
                    float* source = from < 0 ? tail[from + tail.Rows] : s[from];
                    sum = S.MultiplyAdd(S.Load(weights[j] + i), S.Load(source + i), sum);
                }
                S.Store(Elementary<S, V>.Silu(sum), result + i);
            }
        }
        ScalarConvolution.Apply(weights, bias, tail, s, c, start: whole);
    }
}
