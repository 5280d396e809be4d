namespace HymbaSharp.Weights;

/// <summary>A matrix of weights that rows of activations are multiplied by, with what adapters add to it, applied in order and never written into the weights.</summary>
/// <param name="weights">W [out, in].</param>
/// <param name="terms">Usually none.</param>
internal sealed class Projection(WeightMatrix weights, LowRankTerm[] terms)
{
    public WeightMatrix Weights { get; } = weights;

    public LowRankTerm[] Terms { get; } = terms;

    /// <summary>out.</summary>
    public int Rows => Weights.Rows;

    /// <summary>The last term that has gains, as its index; −1 where none has.</summary>
    public int LastGain { get; } = Array.FindLastIndex(terms, term => term.Gains.Length > 0);

    /// <summary>The largest rank of a term, 0 without one.</summary>
    public int MaxRank { get; } = terms.Select(term => term.Down.Rows).DefaultIfEmpty().Max();

    /// <summary>Bytes that one decode step reads.</summary>
    public long Bytes => Weights.Bytes + Terms.Sum(term => term.Down.Bytes + term.Up.Bytes);

    /// <summary>Operations of one row, a multiply-add counting two.</summary>
    public long Operations => Of(Weights) + Terms.Sum(term => Of(term.Down) + Of(term.Up));

    private static long Of(WeightMatrix matrix) => 2L * matrix.Rows * matrix.Columns;
}

/// <summary>y ← y + scale·B·(A·x), then, with gains, y ← gains ∘ y. The matrices lie in the adapter's mapped file.</summary>
/// <param name="down">A [r, in].</param>
/// <param name="up">B [out, r].</param>
/// <param name="scale">Of the update.</param>
/// <param name="gains">DoRA: magnitude over norm of each row of the updated weights [out]; else none.</param>
internal sealed class LowRankTerm(WeightMatrix down, WeightMatrix up, float scale, float[] gains)
{
    public WeightMatrix Down { get; } = down; // A [r, in]

    public WeightMatrix Up { get; } = up; // B [out, r]

    public float[] Scales { get; } = [.. Enumerable.Repeat(scale, down.Rows)]; // [r]

    public float[] Gains { get; } = gains; // [out], or none
}
