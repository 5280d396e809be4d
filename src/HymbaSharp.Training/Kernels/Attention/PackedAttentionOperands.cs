using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>What attention over packed rows reads and leaves. Each may be some columns of a wider matrix; none may overlap another that is written.</summary>
internal readonly struct PackedAttentionOperands
{
    /// <summary>q [R, Hq · Dk], rotated.</summary>
    public required Matrix Queries { get; init; }

    /// <summary>k [R, Hkv · Dk], rotated.</summary>
    public required Matrix Keys { get; init; }

    /// <summary>v [R, Hkv · Dv].</summary>
    public required Matrix Values { get; init; }

    /// <summary>The branch's result [R, Hq · Dv]: written by the forward pass, read by the backward pass.</summary>
    public required Matrix Results { get; init; }

    /// <summary>The logarithm of each softmax's denominator [R, Hq]: written by the forward pass, read by the backward pass.</summary>
    public required Matrix LogSums { get; init; }

    /// <exception cref="ArgumentException">An operand does not fit the heads or the queries' rows.</exception>
    public void Check(AttentionHeads heads)
    {
        int rows = Queries.Rows;
        Check("queries", Queries, rows, heads.QueryHeads * heads.KeySize);
        Check("keys", Keys, rows, heads.KeyValueHeads * heads.KeySize);
        Check("values", Values, rows, heads.KeyValueHeads * heads.ValueSize);
        Check("results", Results, rows, heads.QueryHeads * heads.ValueSize);
        Check("log-sums", LogSums, rows, heads.QueryHeads);
    }

    internal static void Check(string name, Matrix matrix, int rows, int columns)
    {
        if (matrix.Rows != rows || matrix.Columns != columns)
            throw new ArgumentException($"Packed attention: the {name} are [{matrix.Rows}, {matrix.Columns}], must be [{rows}, {columns}].");
    }
}

/// <summary>The loss's gradients: what the backward pass is given, and what it writes.</summary>
internal readonly struct PackedAttentionGradients
{
    /// <summary>Of the results [R, Hq · Dv]: read.</summary>
    public required Matrix Results { get; init; }

    /// <summary>Of q [R, Hq · Dk]: written.</summary>
    public required Matrix Queries { get; init; }

    /// <summary>Of k [R, Hkv · Dk], summed over the query heads of a group: written.</summary>
    public required Matrix Keys { get; init; }

    /// <summary>Of v [R, Hkv · Dv], summed over the query heads of a group: written.</summary>
    public required Matrix Values { get; init; }

    /// <exception cref="ArgumentException">A gradient has another shape than what it belongs to.</exception>
    public void Check(AttentionHeads heads, int rows)
    {
        PackedAttentionOperands.Check("gradients of the results", Results, rows, heads.QueryHeads * heads.ValueSize);
        PackedAttentionOperands.Check("gradients of the queries", Queries, rows, heads.QueryHeads * heads.KeySize);
        PackedAttentionOperands.Check("gradients of the keys", Keys, rows, heads.KeyValueHeads * heads.KeySize);
        PackedAttentionOperands.Check("gradients of the values", Values, rows, heads.KeyValueHeads * heads.ValueSize);
    }
}
