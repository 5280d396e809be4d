using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Weights.Quantization;

public sealed class CalibrationTests
{
    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public void Every_matrix_of_products_has_a_weight_for_each_column(string name)
    {
        using HymbaModel model = Reference.Open(name);
        Calibration calibration = Calibration.Run(model, Reference.Text(model, 100), window: 40);
        Assert.Equal(100, calibration.Tokens);
        HymbaConfig config = model.Config;
        foreach ((string tensor, long[] shape) in TensorNames.Expected(config))
        {
            float[] importance = calibration.Importance(tensor);
            bool isLookup = tensor == TensorNames.TokenEmbedding && !config.TiedEmbeddings;
            Assert.Equal(TensorNames.IsMatrix(tensor) && !isLookup ? (int)shape[1] : 0, importance.Length);
            Assert.All(importance, value => Assert.InRange(value, 0.001f, 1e6f));
            if (importance.Length > 0)
                Assert.Equal(1.01, importance.Average(), 1e-3);
        }
    }

    /// <summary>The first layer's input is the embedding under a norm, so that its mean squares can be computed from the weights alone.</summary>
    [Fact]
    public void Weights_are_the_mean_squares_of_what_enters()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        int[] text = Reference.Text(model, 30);
        Calibration calibration = Calibration.Run(model, text);
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Reference(Reference.Shared));
        int width = model.Config.HiddenSize;
        float[] embedding = checkpoint.Get(TensorNames.TokenEmbedding, model.Config.VocabularySize, width).ToSingles();
        float[] gains = checkpoint.Get(TensorNames.InputNorm(0), width).ToSingles();
        double[] squares = new double[width];
        foreach (int token in text)
        {
            ReadOnlySpan<float> x = embedding.AsSpan(token * width, width);
            double mean = 0;
            foreach (float value in x)
                mean += (double)value * value / width;
            for (int i = 0; i < width; i++)
                squares[i] += x[i] * x[i] / (mean + model.Config.NormEpsilon) * gains[i] * gains[i];
        }
        double all = squares.Average();
        float[] importance = calibration.Importance(TensorNames.InputProjection(0));
        for (int i = 0; i < width; i++)
            Assert.Equal((squares[i] / all) + 0.01, importance[i], 1e-4);
    }

    [Fact]
    public void A_quantised_model_and_an_empty_text_are_refused()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        Assert.Contains("no token", Assert.Throws<ArgumentException>(() => Calibration.Run(model, [])).Message);
        using HymbaModel quantised = HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options() with { Quantization = QuantizationScheme.Q8 });
        Assert.Contains("is quantised", Assert.Throws<ArgumentException>(() => Calibration.Run(quantised, [1])).Message);
    }
}
