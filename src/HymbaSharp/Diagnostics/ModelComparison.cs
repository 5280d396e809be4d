namespace HymbaSharp.Diagnostics;

/// <summary>How far a model's predictions are from a reference's over a text.</summary>
public sealed record ModelComparison
{
    /// <summary>Predictions compared.</summary>
    public int Tokens { get; private init; }

    /// <summary>Mean of KL(reference ‖ model) in nats.</summary>
    public double MeanDivergence { get; private init; }

    /// <summary>The divergence that 99 of 100 predictions stay below, in nats.</summary>
    public double HighDivergence { get; private init; }

    /// <summary>Share of predictions whose most probable token is the reference's, 0 to 1.</summary>
    public double SameTop { get; private init; }

    /// <summary>exp of the mean negative log-probability of the text's tokens under the reference.</summary>
    public double ReferencePerplexity { get; private init; }

    /// <summary>The same under the model.</summary>
    public double Perplexity { get; private init; }

    /// <summary>
    /// Passes a text through both in windows, each a sequence of its own, and compares what they predict after every token.
    /// </summary>
    /// <param name="reference">The model to be met.</param>
    /// <param name="model">Of the same vocabulary.</param>
    /// <param name="tokens">The text's ids, at least two.</param>
    /// <param name="window">Tokens of a window, 2 or more.</param>
    /// <param name="progress">Told the fraction done, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">The vocabularies differ, or there is too little text.</exception>
    public static ModelComparison Run(
        HymbaModel reference, HymbaModel model, ReadOnlySpan<int> tokens, int window = 512, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        int vocabulary = reference.Config.VocabularySize;
        if (model.Config.VocabularySize != vocabulary)
            throw new ArgumentException($"The models' vocabularies have {vocabulary} and {model.Config.VocabularySize} tokens; only equal ones can be compared.", nameof(model));
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 2);
        if (tokens.Length < 2)
            throw new ArgumentException($"{tokens.Length} tokens are too few; at least two are needed to compare a prediction.", nameof(tokens));

        List<double> divergences = [];
        double referenceLoss = 0, loss = 0;
        int same = 0, scored = 0;
        float[] expected = new float[Math.Min(window, tokens.Length) * vocabulary];
        double[] p = new double[vocabulary], q = new double[vocabulary];
        for (int start = 0; start < tokens.Length; start += window)
        {
            int[] piece = tokens.Slice(start, Math.Min(window, tokens.Length - start)).ToArray();
            using HymbaSession first = reference.StartSession(), second = model.StartSession();
            first.Append(piece, (index, logits) => logits.CopyTo(expected.AsSpan(index * vocabulary)), cancellationToken);
            second.Append(piece, (index, logits) =>
            {
                ReadOnlySpan<float> met = expected.AsSpan(index * vocabulary, vocabulary);
                LogProbabilitiesOf(met, p);
                LogProbabilitiesOf(logits, q);
                double divergence = 0;
                for (int i = 0; i < vocabulary; i++)
                    divergence += p[i] > -80 ? Math.Exp(p[i]) * (p[i] - q[i]) : 0;
                divergences.Add(divergence);
                same += Largest(p) == Largest(q) ? 1 : 0;
                if (index + 1 < piece.Length)
                {
                    referenceLoss -= p[piece[index + 1]];
                    loss -= q[piece[index + 1]];
                    scored++;
                }
            }, cancellationToken);
            progress?.Report((double)Math.Min(start + window, tokens.Length) / tokens.Length);
        }
        divergences.Sort();
        return new ModelComparison
        {
            Tokens = divergences.Count,
            MeanDivergence = divergences.Average(),
            HighDivergence = divergences[Math.Min((int)(divergences.Count * 0.99), divergences.Count - 1)],
            SameTop = (double)same / divergences.Count,
            ReferencePerplexity = Math.Exp(referenceLoss / Math.Max(scored, 1)),
            Perplexity = Math.Exp(loss / Math.Max(scored, 1)),
        };
    }

    private static void LogProbabilitiesOf(ReadOnlySpan<float> logits, double[] result)
    {
        double most = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            most = Math.Max(most, logit);
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = logits[i] - most;
            sum += Math.Exp(result[i]);
        }
        double log = Math.Log(sum);
        for (int i = 0; i < result.Length; i++)
            result[i] -= log;
    }

    private static int Largest(double[] values)
    {
        int largest = 0;
        for (int i = 1; i < values.Length; i++)
            largest = values[i] > values[largest] ? i : largest;
        return largest;
    }
}
