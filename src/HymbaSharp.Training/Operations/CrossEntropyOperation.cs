using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Cross-entropy of logits [n, V] against target ids [n]: the loss of each row [n], −log softmax at its target.</summary>
internal static class CrossEntropyOperation
{
    public static Tensor Apply(Tensor logits, int[] targets) => nn.functional.cross_entropy(
        logits, tensor(targets, dtype: ScalarType.Int64, device: logits.device), reduction: nn.Reduction.None);
}
