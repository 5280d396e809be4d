namespace HymbaSharp.Generation;

/// <summary>The log-softmax of the model's logits at the chosen token and at the most probable ones.</summary>
internal static class LogProbabilities
{
    /// <param name="logits">[V] as the model gave them; what is not a number has no probability.</param>
    /// <param name="chosen">The generated token.</param>
    /// <param name="count">How many of the most probable tokens to report, at most <see cref="GenerationOptions.MaxLogProbabilities"/>.</param>
    /// <exception cref="GenerationException">No logit is a number above negative infinity.</exception>
    public static TokenLogProbabilities Compute(ReadOnlySpan<float> logits, int chosen, int count)
    {
        int largest = TopLogits.Largest(logits);
        if (largest < 0)
            throw new GenerationException($"None of {logits.Length} logits is a number above negative infinity.");
        float max = MathF.Min(logits[largest], float.MaxValue);
        double normalizer = max + Math.Log(Mass(logits, max));

        TokenLogProbability[] top = [];
        if (count > 0)
        {
            Span<float> heap = stackalloc float[GenerationOptions.MaxLogProbabilities];
            Span<float> values = stackalloc float[GenerationOptions.MaxLogProbabilities];
            Span<int> ids = stackalloc int[GenerationOptions.MaxLogProbabilities];
            top = new TokenLogProbability[TopLogits.Select(logits, heap[..count], ids, values)];
            for (int i = 0; i < top.Length; i++)
                top[i] = new TokenLogProbability(ids[i], values[i] - normalizer);
            Array.Sort(top, (a, b) => a.LogProbability == b.LogProbability ? a.Token.CompareTo(b.Token) : b.LogProbability.CompareTo(a.LogProbability));
        }

        double logit = float.IsNaN(logits[chosen]) ? double.NegativeInfinity : Math.Min(logits[chosen], float.MaxValue);
        return new TokenLogProbabilities(new TokenLogProbability(chosen, logit - normalizer), top);
    }

    private static double Mass(ReadOnlySpan<float> logits, float max)
    {
        Span<double> weights = stackalloc double[512];
        double mass = 0;
        for (int i = 0; i < logits.Length; i += weights.Length)
        {
            ReadOnlySpan<float> block = logits.Slice(i, Math.Min(weights.Length, logits.Length - i));
            mass += SoftmaxWeights.Compute(block, max, 1, weights);
        }
        return mass;
    }
}
