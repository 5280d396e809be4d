using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

/// <summary>Sampling written down as its documentation says it, with sorting and lists; nothing in it is fast.</summary>
internal static class PlainSampler
{
    /// <summary>The tokens that can be chosen, by ascending id, and their probabilities.</summary>
    public static List<(int Token, double Probability)> Distribution(GenerationOptions options, IReadOnlyList<(int Token, bool Generated)> history, float[] rawLogits)
    {
        float[] logits = Adjust(options, history, rawLogits);
        List<(int Token, double Logit)> candidates = [.. Enumerable.Range(0, logits.Length)
            .Where(token => logits[token] > float.NegativeInfinity)
            .Select(token => (token, (double)Math.Min(logits[token], float.MaxValue)))
            .OrderByDescending(candidate => candidate.Item2).ThenBy(candidate => candidate.token)];
        if (options.Temperature == 0)
            return [.. candidates.Take(1).Select(candidate => (candidate.Token, 1.0))];

        if (options.TopK > 0)
            candidates = [.. candidates.Take(options.TopK)];

        double max = candidates.Count > 0 ? candidates[0].Logit : 0;
        double mass = candidates.Sum(candidate => Math.Exp(candidate.Logit - max));
        List<(int Token, double Logit)> kept = [];
        double reached = 0;
        foreach ((int token, double logit) in candidates)
        {
            if (options.TopP < 1 && kept.Count > 0 && reached >= options.TopP * mass)
                break;
            reached += Math.Exp(logit - max);
            kept.Add((token, logit));
        }
        kept.RemoveAll(candidate => Math.Exp(candidate.Logit - max) < options.MinP);

        double total = kept.Sum(candidate => Math.Exp((candidate.Logit - max) / options.Temperature));
        return [.. kept.OrderBy(candidate => candidate.Token).Select(candidate => (candidate.Token, Math.Exp((candidate.Logit - max) / options.Temperature) / total))];
    }

    /// <summary>The token at a fraction of the cumulative distribution.</summary>
    public static int At(List<(int Token, double Probability)> distribution, double fraction)
    {
        double cumulative = 0;
        foreach ((int token, double probability) in distribution)
        {
            cumulative += probability;
            if (cumulative > fraction)
                return token;
        }
        return distribution[^1].Token;
    }

    private static float[] Adjust(GenerationOptions options, IReadOnlyList<(int Token, bool Generated)> history, float[] rawLogits)
    {
        float[] logits = [.. rawLogits];
        foreach ((int token, float bias) in options.LogitBias)
            logits[token] += bias;
        foreach (var occurrences in history.TakeLast(options.PenaltyWindow ?? int.MaxValue).GroupBy(entry => entry.Token))
        {
            float logit = logits[occurrences.Key];
            logit = logit > 0 ? logit / options.RepetitionPenalty : logit * options.RepetitionPenalty;
            int generated = occurrences.Count(entry => entry.Generated);
            if (generated > 0)
                logit = logit - options.PresencePenalty - generated * options.FrequencyPenalty;
            logits[occurrences.Key] = logit;
        }
        return logits;
    }
}
