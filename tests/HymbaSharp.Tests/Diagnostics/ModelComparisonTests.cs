using HymbaSharp.Diagnostics;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Diagnostics;

public sealed class ModelComparisonTests
{
    [Fact]
    public void A_model_differs_in_nothing_from_itself()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        ModelComparison result = ModelComparison.Run(model, model, Reference.Text(model, 100), window: 30);
        Assert.Equal(100, result.Tokens);
        Assert.Equal(0, result.MeanDivergence);
        Assert.Equal(1, result.SameTop);
        Assert.Equal(result.ReferencePerplexity, result.Perplexity);
    }

    [Fact]
    public void Divergence_and_perplexity_are_those_of_the_logits()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaModel other = HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options(256) with { Quantization = QuantizationScheme.Q4 });
        int[] text = Reference.Text(model, 3);
        double divergence = 0, loss = 0;
        int same = 0;
        using (HymbaSession a = model.StartSession(), b = other.StartSession())
        {
            for (int i = 0; i < text.Length; i++)
            {
                a.Append(text[i]);
                b.Append(text[i]);
                double[] p = Softmax(a.Logits), q = Softmax(b.Logits);
                divergence += p.Zip(q, (x, y) => x * Math.Log(x / y)).Sum() / text.Length;
                same += Array.IndexOf(p, p.Max()) == Array.IndexOf(q, q.Max()) ? 1 : 0;
                if (i + 1 < text.Length)
                    loss -= Math.Log(q[text[i + 1]]) / (text.Length - 1);
            }
        }
        ModelComparison result = ModelComparison.Run(model, other, text);
        Assert.Equal(divergence, result.MeanDivergence, 1e-5 * divergence + 1e-7);
        Assert.Equal(1, result.Perplexity / Math.Exp(loss), 1e-5);
        Assert.Equal((double)same / text.Length, result.SameTop);
        Assert.True(result.HighDivergence >= result.MeanDivergence);
    }

    [Fact]
    public void Refuses_what_cannot_be_compared()
    {
        using HymbaModel model = Reference.Open(Reference.Shared), other = Reference.Open(Reference.Grouped);
        Assert.Throws<ArgumentException>(() => ModelComparison.Run(model, model, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ModelComparison.Run(model, model, [1, 2], window: 1));
        if (model.Config.VocabularySize != other.Config.VocabularySize)
            Assert.Throws<ArgumentException>(() => ModelComparison.Run(model, other, [1, 2]));
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] values = [.. logits.ToArray().Select(logit => Math.Exp(logit))];
        double sum = values.Sum();
        return [.. values.Select(value => value / sum)];
    }
}
