using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>Direct preference optimisation against a reference model, whose log-probabilities are computed with each batch or once before.</summary>
/// <param name="loss">β, label smoothing and the weight of the chosen replies' own loss.</param>
/// <param name="reference">The frozen model.</param>
internal sealed class PreferenceObjective(PreferenceLoss loss, HymbaTwin reference) : TrainingObjective
{
    private float[]? _precomputed; // [pairs, 2]

    public override double Weight(IReadOnlyList<StepItem> items) => items.Count;

    /// <summary>Computes the reference's log-probabilities of all pairs; afterwards the reference is not used.</summary>
    /// <param name="count">How many pairs there are.</param>
    /// <param name="batches">All pairs, in parts that are computed at once.</param>
    public void Precompute(int count, IEnumerable<IReadOnlyList<StepItem>> batches)
    {
        float[] values = new float[2 * count];
        foreach (IReadOnlyList<StepItem> items in batches)
        {
            using var scope = NewDisposeScope();
            float[] found = [.. Reference(Pack(items, reference.Config.MetaTokens)).cpu().to(ScalarType.Float32).data<float>()];
            for (int i = 0; i < items.Count; i++)
                found.AsSpan(2 * i, 2).CopyTo(values.AsSpan(2 * items[i].Index));
        }
        _precomputed = values;
    }

    public override (Tensor Loss, IReadOnlyDictionary<string, double> Figures) Loss(HymbaTwin twin, RowBatch batch, IReadOnlyList<StepItem> items)
    {
        Tensor policy = PreferenceLoss.LogProbabilities(twin, batch).view(-1, 2);
        Tensor known = Known(items) is { } values ? from_array(values).to(policy.dtype, policy.device).view(-1, 2) : Reference(batch).view(-1, 2);
        Tensor tokens = bincount(tensor(batch.TargetDocuments, dtype: ScalarType.Int64, device: policy.device), minlength: batch.Documents.Length).view(-1, 2);
        (Tensor losses, Tensor chosen, Tensor rejected) = loss.Of(policy.select(1, 0), policy.select(1, 1), known.select(1, 0), known.select(1, 1), tokens.select(1, 0));
        Dictionary<string, double> figures = new()
        {
            ["reward_chosen"] = Sum(chosen),
            ["reward_rejected"] = Sum(rejected),
            ["nll_chosen"] = Sum(-policy.select(1, 0) / tokens.select(1, 0)),
            ["reward_margin"] = Sum(chosen - rejected),
            ["reward_accuracy"] = Sum(chosen > rejected),
            ["preference_accuracy"] = Sum(policy.select(1, 0) > policy.select(1, 1)),
        };
        return (losses.sum(), figures);
    }

    private static double Sum(Tensor values) => values.detach().to(ScalarType.Float64).sum().item<double>();

    private float[]? Known(IReadOnlyList<StepItem> items) =>
        _precomputed is null ? null : [.. items.SelectMany(item => new[] { _precomputed[2 * item.Index], _precomputed[(2 * item.Index) + 1] })];

    private Tensor Reference(RowBatch batch)
    {
        using IDisposable unrecorded = no_grad();
        return PreferenceLoss.LogProbabilities(reference, batch);
    }
}
