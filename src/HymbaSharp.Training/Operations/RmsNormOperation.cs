using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>RMSNorm of rows [R, n] with gains [n], and the mean of two of them.</summary>
internal static class RmsNormOperation
{
    public static Tensor Apply(Tensor x, Tensor gain, double epsilon) => x * (x.square().mean([-1], keepdim: true) + epsilon).rsqrt() * gain;

    public static Tensor Mean(Tensor a, Tensor aGain, Tensor b, Tensor bGain, double epsilon) => (Apply(a, aGain, epsilon) + Apply(b, bGain, epsilon)) / 2;
}
