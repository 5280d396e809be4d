using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>RMSNorm of rows [R, n] with gains [n], or the mean of two of them: inputs x, gain, and the second pair.</summary>
internal sealed class RmsNormOperation(double epsilon) : Operation
{
    private Tensor[] _operands = [];
    private Tensor[] _inverseRms = [];

    /// <summary>RMSNorm(x; gain).</summary>
    public static Tensor Apply(Tensor x, Tensor gain, double epsilon) => CpuTensors.IsForKernels(x)
        ? new RmsNormOperation(epsilon).Invoke(x, gain)[0]
        : x * (x.square().mean([-1], keepdim: true) + epsilon).rsqrt() * gain;

    /// <summary>(RMSNorm(a; aGain) + RMSNorm(b; bGain)) / 2.</summary>
    public static Tensor Mean(Tensor a, Tensor aGain, Tensor b, Tensor bGain, double epsilon) => CpuTensors.IsForKernels(a)
        ? new RmsNormOperation(epsilon).Invoke(a, aGain, b, bGain)[0]
        : (Apply(a, aGain, epsilon) + Apply(b, bGain, epsilon)) / 2;

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _operands = [.. inputs.Select(input => Keep(input.contiguous()))];
        _inverseRms = [.. inputs.Where((_, i) => i % 2 == 0).Select(x => Keep(empty(x.shape[0])))];
        Tensor y = empty_like(_operands[0]);
        if (inputs.Length == 2)
            RmsNormKernel.Forward(CpuTensors.Kernels, Norm(0), epsilon, y.MatrixOf<float>());
        else
            RmsNormKernel.ForwardMean(CpuTensors.Kernels, Norm(0), Norm(1), epsilon, y.MatrixOf<float>());
        return [y];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor?[] results = [.. _operands.Select((operand, i) => i % 2 == 0 || Needs(i) ? empty_like(operand) : null)];
        MatrixOf<float> dy = gradients[0].MatrixOf<float>();
        if (results.Length == 2)
            RmsNormKernel.Backward(CpuTensors.Kernels, Norm(0), dy, Gradients(results, 0));
        else
            RmsNormKernel.BackwardMean(CpuTensors.Kernels, Norm(0), Norm(1), dy, Gradients(results, 0), Gradients(results, 1));
        return results;
    }

    private NormOperands<float> Norm(int i) => new()
    {
        X = _operands[2 * i].MatrixOf<float>(),
        Gain = _operands[(2 * i) + 1].MatrixOf<float>(),
        InverseRms = _inverseRms[i].MatrixOf<float>(),
    };

    private static NormGradients<float> Gradients(Tensor?[] results, int i) => new()
    {
        X = results[2 * i]!.MatrixOf<float>(),
        Gain = results[(2 * i) + 1]?.MatrixOf<float>() ?? default,
    };
}
