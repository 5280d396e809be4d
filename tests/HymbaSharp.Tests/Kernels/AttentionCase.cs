using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

/// <summary>A layer's heads and mask.</summary>
internal sealed record AttentionShape(int Heads, int Group, int KeySize, int ValueSize, AttentionMask Mask, KeyValueType Type = KeyValueType.F32)
{
    public KeyValuePage Page { get; } = new(Heads, KeySize, ValueSize, Type);

    public int QueryHeads => Heads * Group;

    public bool Sees(int a, int b) => b <= a && (Mask.Global || a - b <= Mask.Window || b < Mask.MetaTokens);
}

/// <summary>
/// A sequence with keys and values in pages. Each page ends at a guard page; pages that no query sees are null, as a released one is; and
/// what has not been written in a page is NaN.
/// </summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    private readonly AttentionShape _shape;
    private readonly float[] _keys;
    private readonly float[] _values;
    private readonly nint[] _table;
    private readonly List<GuardedMemory> _pages = [];

    public AttentionCase(AttentionShape shape, int position, int count, int seed, Action<float[], float[], float[]>? change = null)
    {
        Samples samples = new(seed);
        int positions = position + count, keys = shape.Heads * shape.KeySize, values = shape.Heads * shape.ValueSize;
        (_shape, Position, Count) = (shape, position, count);
        // Scores of a few units: weights differ, and none is negligible.
        _keys = samples.Uniform(positions * keys, -2, 2);
        _values = samples.Terms(positions * values);
        Queries = samples.Uniform(count * shape.QueryHeads * shape.KeySize, -1, 1);
        change?.Invoke(Queries, _keys, _values);
        if (shape.Type == KeyValueType.BF16)
        {
            // What is kept is what is computed with.
            Round(_keys);
            Round(_values);
        }
        _table = GC.AllocateArray<nint>((positions / KeyValuePage.Rows) + 1, pinned: true);
        for (int b = 0; b < positions; b++)
        {
            if (!PageIsSeen(b / KeyValuePage.Rows))
                continue;
            shape.Page.Write(PageAt(b / KeyValuePage.Rows), b % KeyValuePage.Rows, _keys.AsSpan(b * keys, keys), _values.AsSpan(b * values, values));
        }
    }

    private AttentionCase(AttentionCase whole, int start, int count)
    {
        int width = whole._shape.QueryHeads * whole._shape.KeySize;
        (_shape, Position, Count, _keys, _values, _table) = (whole._shape, whole.Position + start, count, whole._keys, whole._values, whole._table);
        Queries = whole.Queries[(start * width)..((start + count) * width)];
    }

    private static void Round(float[] values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle((uint)StoredBFloat16.Narrow(values[i]) << 16);
    }

    public int Position { get; }

    public int Count { get; }

    public float[] Queries { get; }

    public SequenceSlice Slice(int start)
    {
        fixed (nint* pages = _table) // pinned for good
            return new SequenceSlice { Start = start, Count = Count, Position = Position, Pages = (float**)pages };
    }

    /// <summary>Some of the tokens, over the same pages.</summary>
    public AttentionCase Cut(int start, int count) => new(this, start, count);

    /// <summary>The results alone in a batch.</summary>
    public float[] Run(KernelContext context) => Run(context, _shape, [this])[0];

    public static float[][] Run(KernelContext context, AttentionShape shape, AttentionCase[] cases)
    {
        using Attention attention = new(shape.Page, shape.QueryHeads);
        return Run(context, attention, shape, cases);
    }

    public static float[][] Run(KernelContext context, Attention attention, AttentionShape shape, AttentionCase[] cases)
    {
        int rows = cases.Sum(sample => sample.Count), width = shape.QueryHeads * shape.ValueSize;
        using GuardedMatrix queries = new GuardedMatrix(rows, shape.QueryHeads * shape.KeySize, gap: 3).Fill([.. cases.SelectMany(sample => sample.Queries)]);
        using GuardedMatrix results = new(rows, width, gap: 2);
        SequenceSlice[] slices = new SequenceSlice[cases.Length];
        int start = 0;
        for (int i = 0; i < cases.Length; i++)
        {
            slices[i] = cases[i].Slice(start);
            start += cases[i].Count;
        }
        attention.Apply(context, queries, shape.Mask, slices, results);
        results.AssertGapsUntouched();
        float[] all = results.Values;
        return [.. slices.Select(slice => all[(slice.Start * width)..((slice.Start + slice.Count) * width)])];
    }

    /// <summary>
    /// A plain softmax in double, and the error allowed: a score is off by the roundings of its Dk products and of its scale, so a weight by
    /// that, by the rounding of the difference to the maximum, by exp's 1.26 ulp and by a rescaling for each page; the weighted sums by a
    /// rounding for each key.
    /// </summary>
    public (double[] Exact, double[] Allowed) Exact()
    {
        int dk = _shape.KeySize, dv = _shape.ValueSize, width = _shape.QueryHeads * dv;
        double[] exact = new double[Count * width], allowed = new double[Count * width];
        for (int row = 0; row < Count * _shape.QueryHeads; row++)
        {
            int a = Position + (row / _shape.QueryHeads), head = row % _shape.QueryHeads / _shape.Group;
            int[] seen = [.. Enumerable.Range(0, a + 1).Where(b => _shape.Sees(a, b))];
            double[] scores = new double[seen.Length];
            double magnitude = 0;
            for (int i = 0; i < seen.Length; i++)
            {
                double score = 0, terms = 0;
                for (int d = 0; d < dk; d++)
                {
                    double term = (double)Queries[(row * dk) + d] * _keys[(((seen[i] * _shape.Heads) + head) * dk) + d] / Math.Sqrt(dk);
                    score += term;
                    terms += Math.Abs(term);
                }
                scores[i] = score;
                magnitude = Math.Max(magnitude, terms);
            }
            double maximum = scores.Max(), range = maximum - scores.Min(), sum = scores.Sum(score => Math.Exp(score - maximum));
            int pages = seen.Select(b => b / KeyValuePage.Rows).Distinct().Count();
            double weightError = (2 * (dk + 4) * magnitude) + ((pages + 1) * (range + 5));
            for (int d = 0; d < dv; d++)
            {
                double result = 0, absolute = 0;
                for (int i = 0; i < seen.Length; i++)
                {
                    double term = Math.Exp(scores[i] - maximum) / sum * _values[(((seen[i] * _shape.Heads) + head) * dv) + d];
                    result += term;
                    absolute += Math.Abs(term);
                }
                exact[(row * dv) + d] = result;
                allowed[(row * dv) + d] = ((2 * weightError) + (2 * seen.Length) + 4) * Precise.Unit * absolute;
            }
        }
        return (exact, allowed);
    }

    public void Dispose()
    {
        foreach (GuardedMemory page in _pages)
            page.Dispose();
    }

    private bool PageIsSeen(int page)
    {
        for (int b = page * KeyValuePage.Rows; b < (page + 1) * KeyValuePage.Rows; b++)
        {
            for (int a = Position; a < Position + Count; a++)
            {
                if (_shape.Sees(a, b))
                    return true;
            }
        }
        return false;
    }

    private float* PageAt(int page)
    {
        if (_table[page] == 0)
        {
            GuardedMemory memory = new(_shape.Page.Bytes);
            _pages.Add(memory);
            _table[page] = (nint)memory.Block(_shape.Page.Bytes, Edge.End);
            new Span<byte>((byte*)_table[page], _shape.Page.Bytes).Fill(0xFF);
        }
        return (float*)_table[page];
    }
}
