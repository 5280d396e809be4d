using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels.Attention;

/// <summary>One document's attention and its gradients in double, from the definition: for each query all that it sees, as the model states the mask.</summary>
internal sealed class ExactAttention
{
    private const double Unit = Bounded.Unit;

    // 1.26 ulp of exp, each at most two roundings.
    private const double Exponential = 3;

    private readonly AttentionHeads _heads;
    private readonly AttentionMask _mask;
    private readonly double[] _queries, _keys, _values;
    private readonly double _scale;
    private readonly int _tokens;

    public ExactAttention(AttentionHeads heads, AttentionMask mask, double[] queries, double[] keys, double[] values)
    {
        (_heads, _mask, _queries, _keys, _values, _scale) = (heads, mask, queries, keys, values, 1 / Math.Sqrt(heads.KeySize));
        _tokens = queries.Length / (heads.QueryHeads * heads.KeySize);
        Results = new Bounded(_tokens * heads.QueryHeads * heads.ValueSize);
        LogSums = new Bounded(_tokens * heads.QueryHeads);
        QueryGradients = new Bounded(queries.Length);
        KeyGradients = new Bounded(keys.Length);
        ValueGradients = new Bounded(values.Length);
        for (int row = 0; row < _tokens * heads.QueryHeads; row++)
            Attend(row);
    }

    /// <summary>A document of its own.</summary>
    public static ExactAttention Of(PackedAttentionCase document) =>
        new ExactAttention(document.Heads, document.Mask, Widen(document.Queries), Widen(document.Keys), Widen(document.Values))
            .Differentiate(Widen(document.ResultGradients));

    public Bounded Results { get; }

    public Bounded LogSums { get; }

    public Bounded QueryGradients { get; }

    public Bounded KeyGradients { get; }

    public Bounded ValueGradients { get; }

    public static double[] Widen(float[] values) => Array.ConvertAll(values, value => (double)value);

    /// <summary>Adds the gradients of the sum over results · <paramref name="gradient"/>.</summary>
    public ExactAttention Differentiate(double[] gradient)
    {
        for (int row = 0; row < _tokens * _heads.QueryHeads; row++)
            Differentiate(row, gradient);
        return this;
    }

    public void AssertMet(PackedAttentionResult actual, string what)
    {
        Results.AssertMet(actual.Results, $"results, {what}");
        LogSums.AssertMet(actual.LogSums, $"log-sums, {what}");
        QueryGradients.AssertMet(actual.QueryGradients, $"query gradients, {what}");
        KeyGradients.AssertMet(actual.KeyGradients, $"key gradients, {what}");
        ValueGradients.AssertMet(actual.ValueGradients, $"value gradients, {what}");
    }

    private void Attend(int row)
    {
        Row softmax = Softmax(row);
        LogSums.Add(row, softmax.LogSum, softmax.LogSumError);
        for (int i = 0; i < softmax.Seen.Length; i++)
        {
            int value = KeyValueRow(row, softmax.Seen[i]) * _heads.ValueSize;
            // Numerator and denominator are off by the weights' errors, the denominator by its own roundings too.
            double error = 2 * (softmax.ScoreError + softmax.SumError);
            for (int d = 0; d < _heads.ValueSize; d++)
            {
                double term = softmax.Weights[i] * _values[value + d];
                Results.Add((row * _heads.ValueSize) + d, term, error * Math.Abs(term));
            }
        }
    }

    private void Differentiate(int row, double[] gradient)
    {
        int keySize = _heads.KeySize, valueSize = _heads.ValueSize, query = row * keySize, result = row * valueSize;
        Row softmax = Softmax(row);
        double mean = 0, meanError = 0;
        for (int d = result; d < result + valueSize; d++)
        {
            mean += gradient[d] * Results.Values[d];
            meanError += Math.Abs(gradient[d]) * (Results.Allowed(d) + ((valueSize + 1) * Unit * Math.Abs(Results.Values[d])));
        }
        for (int i = 0; i < softmax.Seen.Length; i++)
        {
            int key = KeyValueRow(row, softmax.Seen[i]) * keySize, value = KeyValueRow(row, softmax.Seen[i]) * valueSize;
            double weight = softmax.Weights[i], product = 0, terms = 0;
            for (int d = 0; d < valueSize; d++)
            {
                product += gradient[result + d] * _values[value + d];
                terms += Math.Abs(gradient[result + d] * _values[value + d]);
            }
            // The weight is computed anew, from the log-sum; the difference of product and mean rounds, and so does its product with the weight.
            double weightError = softmax.ScoreError + softmax.LogSumError + ((Math.Abs(softmax.Scores[i] - softmax.LogSum) + Exponential) * Unit);
            double score = weight * (product - mean) * _scale;
            double error = (weightError + (2 * Unit)) * Math.Abs(score) + (weight * _scale * (((valueSize + 1) * Unit * terms) + meanError));
            for (int d = 0; d < keySize; d++)
            {
                // Beside the sum's roundings: two of the scale, in a query or at the end.
                QueryGradients.Add(query + d, score * _keys[key + d], (error + (3 * Unit * Math.Abs(score))) * Math.Abs(_keys[key + d]));
                KeyGradients.Add(key + d, score * _queries[query + d], (error + (3 * Unit * Math.Abs(score))) * Math.Abs(_queries[query + d]));
            }
            for (int d = 0; d < valueSize; d++)
                ValueGradients.Add(value + d, weight * gradient[result + d], weightError * weight * Math.Abs(gradient[result + d]));
        }
    }

    private Row Softmax(int row)
    {
        int a = row / _heads.QueryHeads, keySize = _heads.KeySize;
        int[] seen = [.. Enumerable.Range(0, _tokens).Where(b => b <= a && (_mask.Global || a - b <= _mask.Window || b < _mask.MetaTokens))];
        double[] scores = new double[seen.Length];
        double magnitude = 0;
        for (int i = 0; i < seen.Length; i++)
        {
            double terms = 0;
            for (int d = 0; d < keySize; d++)
            {
                double term = _queries[(row * keySize) + d] * _keys[(KeyValueRow(row, seen[i]) * keySize) + d] * _scale;
                scores[i] += term;
                terms += Math.Abs(term);
            }
            magnitude = Math.Max(magnitude, terms);
        }
        double maximum = scores.Max(), range = maximum - scores.Min(), sum = scores.Sum(score => Math.Exp(score - maximum));
        double logSum = maximum + Math.Log(sum);
        double[] weights = Array.ConvertAll(scores, score => Math.Exp(score - logSum));

        // A score takes a rounding for each product and a few for the scale. A weight then takes that of its distance from the maximum and
        // exp's error, once more for each panel of 64 keys that may raise the maximum; the sum of weights one for each key.
        int panels = (a / 64) + 1;
        double scoreError = (keySize + 4) * magnitude * Unit;
        double sumError = scoreError + ((((panels + 1) * (range + Exponential + 2)) + seen.Length + 2) * Unit);
        double logSumError = scoreError + sumError + ((Math.Abs(logSum) + (2 * Math.Abs(logSum - maximum)) + 2) * Unit);
        return new Row(seen, scores, weights, logSum, scoreError, sumError, logSumError);
    }

    private int KeyValueRow(int row, int b) => (b * _heads.KeyValueHeads) + (row % _heads.QueryHeads / _heads.Group);

    private sealed record Row(int[] Seen, double[] Scores, double[] Weights, double LogSum, double ScoreError, double SumError, double LogSumError);
}
