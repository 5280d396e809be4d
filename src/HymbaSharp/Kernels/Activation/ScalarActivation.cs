
namespace HymbaSharp.Kernels;

/// <summary>The scalar twins.</summary>
internal unsafe struct ScalarActivation : IActivationKernel
{
    public static void SiluGate(float* y, float* up, int count)
    {
        for (int i = 0; i < count; i++)
            y[i] = ScalarElementary.Silu(y[i]) * up[i];
    }

    public static void Softplus(float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i++)
            y[i] = ScalarElementary.Softplus(y[i] + bias[i]);
    }

    public static void AddBias(float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i++)
            y[i] += bias[i];
    }
}
