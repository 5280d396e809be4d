using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels.Attention;

/// <summary>Documents of given lengths with queries, keys, values and a gradient of the results.</summary>
internal sealed record PackedAttentionCase(AttentionHeads Heads, AttentionMask Mask, int[] Lengths)
{
    public required float[] Queries { get; init; }

    public required float[] Keys { get; init; }

    public required float[] Values { get; init; }

    public required float[] ResultGradients { get; init; }

    public int Rows => Lengths.Sum();

    /// <summary>Scores of a few units, so that weights differ and none is negligible; values and gradients of similar size, so that each counts.</summary>
    public static PackedAttentionCase Random(AttentionHeads heads, AttentionMask mask, int[] lengths, int seed)
    {
        Random random = new(seed);
        int rows = lengths.Sum();
        return new(heads, mask, lengths)
        {
            Queries = Fill(rows * heads.QueryHeads * heads.KeySize, () => (2 * random.NextSingle()) - 1),
            Keys = Fill(rows * heads.KeyValueHeads * heads.KeySize, () => (4 * random.NextSingle()) - 2),
            Values = Fill(rows * heads.KeyValueHeads * heads.ValueSize, Term),
            ResultGradients = Fill(rows * heads.QueryHeads * heads.ValueSize, Term),
        };

        float Term() => (0.5f + (0.5f * random.NextSingle())) * ((random.Next(2) * 2) - 1);
    }

    /// <summary>One of the documents.</summary>
    public PackedAttentionCase Document(int index)
    {
        int start = Lengths[..index].Sum(), end = start + Lengths[index];
        return this with
        {
            Lengths = [Lengths[index]],
            Queries = Cut(Queries, start, end),
            Keys = Cut(Keys, start, end),
            Values = Cut(Values, start, end),
            ResultGradients = Cut(ResultGradients, start, end),
        };
    }

    /// <summary>Both passes, over columns of wider matrices.</summary>
    public PackedAttentionResult Run(KernelContext context)
    {
        int queries = Heads.QueryHeads * Heads.KeySize, keys = Heads.KeyValueHeads * Heads.KeySize;
        int values = Heads.KeyValueHeads * Heads.ValueSize, results = Heads.QueryHeads * Heads.ValueSize;
        using StridedRows q = new StridedRows(Rows, queries).Fill(Queries), k = new StridedRows(Rows, keys).Fill(Keys), v = new StridedRows(Rows, values).Fill(Values);
        using StridedRows y = new(Rows, results), logSums = new(Rows, Heads.QueryHeads), dy = new StridedRows(Rows, results).Fill(ResultGradients);
        using StridedRows dq = new(Rows, queries), dk = new(Rows, keys), dv = new(Rows, values);
        RowRange[] documents = new RowRange[Lengths.Length];
        for (int i = 0; i < documents.Length; i++)
            documents[i] = new RowRange(Lengths[..i].Sum(), Lengths[i]);
        PackedAttentionOperands operands = new() { Queries = q, Keys = k, Values = v, Results = y, LogSums = logSums };
        PackedAttention.Forward(context, Heads, Mask, documents, operands);
        PackedAttention.Backward(context, Heads, Mask, documents, operands, new() { Results = dy, Queries = dq, Keys = dk, Values = dv });
        foreach (StridedRows rows in (StridedRows[])[q, k, v, y, logSums, dy, dq, dk, dv])
            rows.AssertNothingOutsideChanged();
        Assert.Equal(Queries, q.Values);
        Assert.Equal(Keys, k.Values);
        Assert.Equal(Values, v.Values);
        Assert.Equal(ResultGradients, dy.Values);
        return new(y.Values, logSums.Values, dq.Values, dk.Values, dv.Values);
    }

    private float[] Cut(float[] values, int start, int end) => values[(values.Length / Rows * start)..(values.Length / Rows * end)];

    private static float[] Fill(int count, Func<float> next)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = next();
        return values;
    }
}

/// <summary>What both passes write, row after row.</summary>
internal sealed record PackedAttentionResult(float[] Results, float[] LogSums, float[] QueryGradients, float[] KeyGradients, float[] ValueGradients)
{
    public (string Name, float[] Values)[] All =>
        [("results", Results), ("log-sums", LogSums), ("query gradients", QueryGradients), ("key gradients", KeyGradients), ("value gradients", ValueGradients)];

    /// <summary>Some of all <paramref name="rows"/> rows.</summary>
    public PackedAttentionResult Rows(int start, int end, int rows)
    {
        return new(Cut(Results), Cut(LogSums), Cut(QueryGradients), Cut(KeyGradients), Cut(ValueGradients));

        float[] Cut(float[] values) => values[(values.Length / rows * start)..(values.Length / rows * end)];
    }

    public void AssertSame(PackedAttentionResult other)
    {
        for (int i = 0; i < All.Length; i++)
            Assert.True(All[i].Values.AsSpan().SequenceEqual(other.All[i].Values), $"other {All[i].Name}");
    }

    public static PackedAttentionResult Join(IEnumerable<PackedAttentionResult> parts)
    {
        PackedAttentionResult[] all = [.. parts];
        return new(
            [.. all.SelectMany(part => part.Results)], [.. all.SelectMany(part => part.LogSums)], [.. all.SelectMany(part => part.QueryGradients)],
            [.. all.SelectMany(part => part.KeyGradients)], [.. all.SelectMany(part => part.ValueGradients)]);
    }
}
