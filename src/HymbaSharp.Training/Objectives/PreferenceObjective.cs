using HymbaSharp.Training.Data;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>Direct preference optimisation against a reference model, whose log-probabilities are computed with each batch or once before.</summary>
/// <param name="data">The pairs.</param>
/// <param name="loss">β and label smoothing.</param>
/// <param name="reference">The frozen model.</param>
internal sealed class PreferenceObjective(TrainingSet<PreferencePair> data, PreferenceLoss loss, HymbaTwin reference) : TrainingObjective
{
    private float[]? _precomputed; // [pairs, 2]

    public override int EpochLength => data.EpochLength;

    public override ulong Fingerprint => data.Fingerprint;

    /// <summary>Pairs there are.</summary>
    public int Count => data.Count;

    public override int[] Order(int epoch, ulong seed) => data.Order(epoch, seed);

    public override StepItem Load(int index)
    {
        PreferencePair pair = data[index];
        return new(index, [pair.Chosen, pair.Rejected]);
    }

    public override double Weight(IReadOnlyList<StepItem> items) => items.Count;

    /// <summary>Computes the reference's log-probabilities of all pairs; afterwards the reference is not used.</summary>
    /// <param name="batches">All pairs, in parts that are computed at once.</param>
    /// <param name="done">Told how many pairs are done.</param>
    public void Precompute(IEnumerable<IReadOnlyList<StepItem>> batches, Action<int> done)
    {
        float[] values = new float[2 * data.Count];
        int count = 0;
        foreach (IReadOnlyList<StepItem> items in batches)
        {
            using var scope = NewDisposeScope();
            float[] found = [.. Reference(Pack(items, reference.Config.MetaTokens)).cpu().to(ScalarType.Float32).data<float>()];
            for (int i = 0; i < items.Count; i++)
                found.AsSpan(2 * i, 2).CopyTo(values.AsSpan(2 * items[i].Index));
            done(count += items.Count);
        }
        _precomputed = values;
    }

    public override (Tensor Loss, IReadOnlyDictionary<string, double> Figures) Loss(HymbaTwin twin, RowBatch batch, IReadOnlyList<StepItem> items)
    {
        Tensor policy = PreferenceLoss.LogProbabilities(twin, batch).view(-1, 2);
        Tensor known = Known(items) is { } values ? from_array(values).to(policy.dtype, policy.device).view(-1, 2) : Reference(batch).view(-1, 2);
        (Tensor losses, Tensor chosen, Tensor rejected) = loss.Of(policy.select(1, 0), policy.select(1, 1), known.select(1, 0), known.select(1, 1));
        Dictionary<string, double> figures = new()
        {
            ["reward_chosen"] = Sum(chosen),
            ["reward_rejected"] = Sum(rejected),
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
