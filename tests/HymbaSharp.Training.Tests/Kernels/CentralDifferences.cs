namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>Gradients by differences in float64, to hold gradients in float64 against.</summary>
internal static class CentralDifferences
{
    // Of a function whose third derivatives are of the order of 1, the quotient is off by step² ≈ 1e-10 and by rounding, 1e-16 / step = 1e-11, times some
    // hundred terms. A gradient with a term left out is off by more than 1e-3.
    private const double Step = 1e-5, Allowed = 2e-7;

    /// <summary>Fails unless <paramref name="gradient"/> is that of <paramref name="loss"/> by the values, every one of which is nudged in turn.</summary>
    public static void AssertGradient(double[] values, double[] gradient, Func<double> loss, string what)
    {
        Assert.Equal(values.Length, gradient.Length);
        for (int i = 0; i < values.Length; i++)
        {
            double value = values[i];
            values[i] = value + Step;
            double above = loss();
            values[i] = value - Step;
            double below = loss();
            values[i] = value;
            double difference = (above - below) / (2 * Step);
            if (!(Math.Abs(difference - gradient[i]) <= Allowed * (1 + Math.Abs(gradient[i]))))
                Assert.Fail($"the gradient of {what}: element {i} is {gradient[i]:R}, by differences {difference:R}");
        }
    }
}
