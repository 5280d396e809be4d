using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Tests.Twin;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Objectives;

public sealed class PreferenceLossTests
{
    [Theory]
    [InlineData(0.1, 0, 0)]
    [InlineData(0.5, 0.2, 0)]
    [InlineData(0.5, 0, 0.7)]
    public void It_is_the_papers_formula(double beta, double smoothing, double nllWeight)
    {
        using var scope = NewDisposeScope();
        double[] chosen = [-10, -3], rejected = [-12, -1], referenceChosen = [-11, -3], referenceRejected = [-11.5, -3], tokens = [4, 7];

        (Tensor loss, Tensor good, Tensor bad) = new PreferenceLoss(beta, smoothing, nllWeight).Of(
            tensor(chosen), tensor(rejected), tensor(referenceChosen), tensor(referenceRejected), tensor(tokens));

        for (int i = 0; i < 2; i++)
        {
            double h = beta * (chosen[i] - referenceChosen[i] - (rejected[i] - referenceRejected[i]));
            double expected = ((1 - smoothing) * Math.Log(1 + Math.Exp(-h))) + (smoothing * Math.Log(1 + Math.Exp(h))) - (nllWeight * chosen[i] / tokens[i]);
            Assert.Equal(expected, loss[i].item<double>(), 1e-12);
            Assert.Equal(beta * (chosen[i] - referenceChosen[i]), good[i].item<double>(), 1e-12);
            Assert.Equal(beta * (rejected[i] - referenceRejected[i]), bad[i].item<double>(), 1e-12);
        }
    }

    [Fact]
    public void Log_probabilities_are_summed_over_each_documents_learned_tokens()
    {
        using ReferenceTwin reference = new("ntk-shared-kv", ScalarType.Float64);
        using IDisposable unrecorded = no_grad();
        using var scope = NewDisposeScope();
        int[] ids = reference.InputIds;
        bool[] learned = [false, true, false, true, true];
        RowBatch both = new([ids[..5], ids[5..10]], [learned, learned], reference.Config.MetaTokens);
        RowBatch second = new([ids[5..10]], [learned], reference.Config.MetaTokens);

        Tensor found = PreferenceLoss.LogProbabilities(reference.Twin, both);
        Tensor logits = reference.Twin.Logits(second).log_softmax(1);
        double expected = Enumerable.Range(0, 3).Sum(i => logits[i, second.Targets[i]].item<double>());

        Assert.Equal([2L], found.shape);
        Assert.Equal(expected, found[1].item<double>(), 1e-9);
    }
}
