using HymbaSharp.Training.Data;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>An example as a step uses it: its number in the data, and its sequences, one or a pair.</summary>
internal sealed record StepItem(int Index, IReadOnlyList<TrainingExample> Sequences)
{
    /// <summary>Tokens of all sequences.</summary>
    public int Tokens => Sequences.Sum(sequence => sequence.Tokens.Length);
}

/// <summary>What a run learns from its data: where examples come from and what their loss is.</summary>
internal abstract class TrainingObjective
{
    /// <summary>Examples of an epoch.</summary>
    public abstract int EpochLength { get; }

    /// <summary>A hash of the data.</summary>
    public abstract ulong Fingerprint { get; }

    /// <summary>The examples of an epoch in their order.</summary>
    public abstract int[] Order(int epoch, ulong seed);

    /// <summary>Reads an example.</summary>
    public abstract StepItem Load(int index);

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
