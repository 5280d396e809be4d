using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>Cross-entropy of the learned tokens: all of a text in language modelling, the assistant's in supervised fine-tuning.</summary>
internal sealed class NextTokenObjective : TrainingObjective
{
    private static readonly Dictionary<string, double> NoFigures = [];

    public override double Weight(IReadOnlyList<StepItem> items) => items.Sum(item => item.Sequences[0].LearnedCount);

    public override (Tensor Loss, IReadOnlyDictionary<string, double> Figures) Loss(HymbaTwin twin, RowBatch batch, IReadOnlyList<StepItem> items) =>
        (CrossEntropyOperation.Apply(twin.Logits(batch), batch.Targets).sum(), NoFigures);
}
