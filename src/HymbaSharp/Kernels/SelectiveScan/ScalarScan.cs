
namespace HymbaSharp.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe class ScalarScan
{
    /// <summary>Channels <paramref name="start"/> … <paramref name="end"/> − 1 over all rows; <paramref name="state"/> is h [N, I] before them.</summary>
    public static void Apply(in ScanOperands operands, float* state, StateSlots slots, int start, int end)
    {
        Matrix a = operands.A;
        for (int t = 0; t < operands.Y.Rows; t++)
        {
            float* before = slots.After(state, t), after = slots.After(state, slots.KeepsRows ? t + 1 : t);
            for (int i = start; i < end; i++)
            {
                float delta = operands.Delta[t][i], c = operands.C[t][i];
                float y = operands.Skip[i] * c;
                for (int n = 0; n < a.Rows; n++)
                {
                    nint place = ((nint)n * a.Columns) + i;
                    float h = (MathF.Exp(delta * a[n][i]) * before[place]) + (delta * c * operands.InputB[t][n]);
                    after[place] = h;
                    y += h * operands.OutputC[t][n];
                }
                operands.Y[t][i] = y * ScalarElementary.Silu(operands.Gate[t][i]);
            }
        }
    }
}
