using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Twin;

namespace HymbaSharp.Training.Loop;

/// <summary>
/// The arithmetic that a model needs for a batch, in floating-point operations, a multiply-add counting two: weight matrices, attention over the pairs
/// that see each other, the scan's states. What an implementation computes again is not counted. Forward and backward are three times forward
/// (arXiv 2001.08361, section 2.1), twice for matrices that are frozen; low-rank updates are not counted.
/// </summary>
internal sealed class ModelFlops(HymbaConfig config, bool trainsMatrices = true)
{
    private const int ScanOperations = 6; // per channel and state: decay, input, their sum, the readout's product and sum

    private readonly long _matrices = Enumerable.Range(0, config.LayerCount).Sum(layer => Matrices(config, layer));

    /// <summary>Operations of forward and backward over a batch.</summary>
    public double Step(RowBatch batch)
    {
        double matrices = 2.0 * batch.Rows * _matrices, logits = 2.0 * batch.LossRows.Length * config.HiddenSize * config.VocabularySize;
        double scan = (double)batch.Rows * config.LayerCount * config.InnerSize * config.StateSize * ScanOperations;
        double attention = batch.Documents.Sum(Pairs) * 2 * config.AttentionHeads * (config.KeyHeadSize + config.ValueHeadSize);
        return ((trainsMatrices ? 3 : 2) * (matrices + logits)) + (3 * (scan + attention));
    }

    /// <summary>Pairs of query and key that see each other, over all layers.</summary>
    private double Pairs(RowRange document)
    {
        double all = document.Count * (document.Count + 1.0) / 2, pairs = 0;
        for (int layer = 0; layer < config.LayerCount; layer++)
            pairs += config.IsGlobal(layer) ? all : Windowed(document.Count);
        return pairs;
    }

    private double Windowed(int count)
    {
        double pairs = 0;
        for (int query = 0; query < count; query++)
            pairs += Math.Min(query, config.SlidingWindow) + 1 + Math.Clamp(query - config.SlidingWindow, 0, config.MetaTokens);
        return pairs;
    }

    private static long Matrices(HymbaConfig config, int layer)
    {
        HashSet<string> names =
        [
            TensorNames.InputProjection(layer), TensorNames.SsmProjection(layer), TensorNames.TimeStepProjection(layer), TensorNames.OutputProjection(layer),
            TensorNames.MlpGate(layer), TensorNames.MlpUp(layer), TensorNames.MlpDown(layer),
        ];
        return TensorNames.Expected(config).Where(tensor => names.Contains(tensor.Name)).Sum(tensor => tensor.Shape[0] * tensor.Shape[1]);
    }
}
