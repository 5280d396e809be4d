using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Cross-entropy of logits [n, V] against target ids [n]: the loss of each row [n], −log softmax at its target.</summary>
internal sealed class CrossEntropyOperation(int[] targets) : Operation
{
    private Tensor? _logits, _normalizers;

    public static Tensor Apply(Tensor logits, int[] targets) => CpuTensors.IsForKernels(logits)
        ? new CrossEntropyOperation(targets).Invoke(logits)[0]
        : nn.functional.cross_entropy(logits, tensor(targets, dtype: ScalarType.Int64, device: logits.device), reduction: nn.Reduction.None);

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _logits = Keep(inputs[0].contiguous());
        _normalizers = Keep(empty(2, targets.Length));
        Tensor losses = empty(targets.Length);
        CrossEntropyKernel.Forward(CpuTensors.Kernels, _logits.MatrixOf<float>(), targets, losses.MatrixOf<float>(), _normalizers.MatrixOf<float>());
        return [losses];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor logits = empty_like(_logits!);
        CrossEntropyKernel.Backward(
            CpuTensors.Kernels, _logits!.MatrixOf<float>(), targets, _normalizers!.MatrixOf<float>(), gradients[0].MatrixOf<float>(), logits.MatrixOf<float>());
        return [logits];
    }
}
