using HymbaSharp.Training.Data;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>What a run learns: the loss of examples.</summary>
internal abstract class TrainingObjective
{
    /// <summary>What the losses of some examples are divided by to give their mean: learned tokens, or pairs.</summary>
    public abstract double Weight(IReadOnlyList<StepItem> items);

    /// <summary>The sum of the losses, and sums of other figures by their names.</summary>
    public abstract (Tensor Loss, IReadOnlyDictionary<string, double> Figures) Loss(HymbaTwin twin, RowBatch batch, IReadOnlyList<StepItem> items);

    /// <summary>Lays examples out in rows.</summary>
    public static RowBatch Pack(IReadOnlyList<StepItem> items, int metaTokens)
    {
        TrainingExample[] sequences = [.. items.SelectMany(item => item.Sequences)];
        return new RowBatch([.. sequences.Select(sequence => sequence.Tokens)], [.. sequences.Select(sequence => sequence.Learned)], metaTokens);
    }
}
