using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>silu(gate) · up, both [R, F].</summary>
internal sealed class SiluGateOperation : Operation
{
    private Tensor? _gate, _up;

    public static Tensor Apply(Tensor gate, Tensor up) =>
        CpuTensors.IsForKernels(gate) ? new SiluGateOperation().Invoke(gate, up)[0] : nn.functional.silu(gate) * up;

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        (_gate, _up) = (Keep(inputs[0].contiguous()), Keep(inputs[1].contiguous()));
        Tensor y = empty_like(_gate);
        SiluGateKernel.Forward(CpuTensors.Kernels, _gate.MatrixOf<float>(), _up.MatrixOf<float>(), y.MatrixOf<float>());
        return [y];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor gate = empty_like(_gate!), up = empty_like(_up!);
        SiluGateKernel.Backward(
            CpuTensors.Kernels, _gate!.MatrixOf<float>(), _up!.MatrixOf<float>(), gradients[0].MatrixOf<float>(), gate.MatrixOf<float>(), up.MatrixOf<float>());
        return [gate, up];
    }
}
