using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Objectives;

/// <summary>
/// Direct preference optimisation (arXiv 2305.18290, equation 7), with label smoothing ε for labels that are wrong with that probability
/// (Mitchell 2023, "A note on DPO with noisy preferences"): −(1 − ε)·log σ(h) − ε·log σ(−h), where h is β times the difference of the two replies' gains
/// in log-probability over the reference model. The chosen reply's negative log-likelihood a token, times its weight, may be added (arXiv 2404.19733, equation 1).
/// </summary>
internal sealed record PreferenceLoss(double Beta, double LabelSmoothing, double NllWeight = 0)
{
    /// <summary>The loss of every pair [n], and β times the gain of the chosen and of the rejected reply: their rewards [n].</summary>
    /// <param name="chosen">log π(y⁺|x) [n].</param>
    /// <param name="rejected">log π(y⁻|x) [n].</param>
    /// <param name="referenceChosen">log π_ref(y⁺|x) [n].</param>
    /// <param name="referenceRejected">log π_ref(y⁻|x) [n].</param>
    /// <param name="chosenTokens">|y⁺|: the tokens that log π(y⁺|x) is the sum over [n].</param>
    public (Tensor Loss, Tensor ChosenReward, Tensor RejectedReward) Of(Tensor chosen, Tensor rejected, Tensor referenceChosen, Tensor referenceRejected, Tensor chosenTokens)
    {
        Tensor chosenReward = Beta * (chosen - referenceChosen), rejectedReward = Beta * (rejected - referenceRejected);
        Tensor margin = chosenReward - rejectedReward;
        Tensor loss = (-(1 - LabelSmoothing) * nn.functional.logsigmoid(margin)) - (LabelSmoothing * nn.functional.logsigmoid(-margin));
        if (NllWeight > 0)
            loss -= NllWeight * chosen / chosenTokens;
        return (loss, chosenReward.detach(), rejectedReward.detach());
    }

    /// <summary>The log-probability of every document's learned tokens [documents].</summary>
    public static Tensor LogProbabilities(HymbaTwin twin, RowBatch batch)
    {
        Tensor losses = CrossEntropyOperation.Apply(twin.Logits(batch), batch.Targets);
        Tensor owners = tensor(batch.TargetDocuments, dtype: ScalarType.Int64, device: losses.device);
        return zeros(batch.Documents.Length, dtype: losses.dtype, device: losses.device).index_add(0, owners, losses, -1);
    }
}
