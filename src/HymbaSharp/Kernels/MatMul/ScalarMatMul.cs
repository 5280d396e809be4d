namespace HymbaSharp.Kernels;

/// <summary>The scalar twin of every matrix kernel.</summary>
internal static unsafe class ScalarMatMul<W> where W : struct, IStoredType
{
    public static void Multiply(byte* weights, Matrix x, Matrix y, bool accumulate)
    {
        for (int t = 0; t < x.Rows; t++)
        {
            float* input = x[t];
            float* output = y[t];
            for (int row = 0; row < y.Columns; row++)
            {
                byte* w = weights + ((nint)row * x.Columns * W.Size);
                float sum = 0;
                for (int k = 0; k < x.Columns; k++)
                    sum += W.LoadOne(w + ((nint)k * W.Size)) * input[k];
                output[row] = accumulate ? output[row] + sum : sum;
            }
        }
    }
}
