using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The forward pass of some queries: the panels of keys pass once, each over all blocks of queries that see it, with an online softmax
/// (arXiv 2205.14135) whose results, maxima and sums stay in scratch.
/// </summary>
internal static unsafe class VectorAttentionForward<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Results and log-sums of <paramref name="count"/> queries from position <paramref name="first"/> on, at most <see cref="ForwardScratch.Tokens"/>.</summary>
    public static void Apply(in DocumentHead<float> head, int first, int count, float* memory)
    {
        AttentionHeads heads = head.Heads;
        ForwardScratch scratch = new(memory, heads);
        int blockTokens = QueryBlock.Tokens(heads), end = first + count;
        for (int token = first, block = 0; token < end; token += blockTokens, block++)
            Begin(head, token, Math.Min(blockTokens, end - token), scratch, block);

        for (int panel = 0; panel * KeySpan.Panel < end; panel++)
        {
            bool packed = false;
            for (int token = first, block = 0; token < end; token += blockTokens, block++)
            {
                int tokens = Math.Min(blockTokens, end - token);
                KeySpan span = KeySpan.Of(head.Mask, panel, token, token + tokens - 1, S.Count);
                if (span.IsEmpty)
                    continue;
                if (!packed)
                    Pack(head, panel, scratch);
                packed = true;
                Attend(head, panel, span, token, tokens, scratch, block);
            }
        }
        for (int token = first, block = 0; token < end; token += blockTokens, block++)
            Finish(head, token, Math.Min(blockTokens, end - token), scratch, block);
    }

    private static void Begin(in DocumentHead<float> head, int first, int tokens, in ForwardScratch scratch, int block)
    {
        AttentionHeads heads = head.Heads;
        int width = heads.Group * heads.KeySize, rows = tokens * heads.Group;
        float* queries = scratch.Queries(block);
        float scale = 1f / MathF.Sqrt(heads.KeySize);
        for (int token = 0; token < tokens; token++)
            BlockProduct<S, V>.Scale(head.Queries[first + token], scale, queries + (token * width), width);
        new Span<float>(queries + (rows * heads.KeySize), (scratch.BlockRows - rows) * heads.KeySize).Clear();
        new Span<float>(scratch.Results(block), scratch.BlockRows * scratch.ValueStride).Clear();
        new Span<float>(scratch.Maxima(block), scratch.BlockRows).Fill(float.NegativeInfinity);
        new Span<float>(scratch.Sums(block), scratch.BlockRows * ForwardScratch.SumLanes).Clear();
    }

    private static void Pack(in DocumentHead<float> head, int panel, in ForwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        int first = panel * KeySpan.Panel, keys = Math.Min(KeySpan.Panel, head.Tokens - first);
        if (keys < KeySpan.Panel)
            new Span<float>(scratch.Keys, heads.KeySize * KeySpan.Panel).Clear();
        Transpose.Copy(head.Keys[first], head.Keys.Stride, scratch.Keys, KeySpan.Panel, keys, heads.KeySize, accumulate: false);
        for (int key = 0; key < keys; key++)
        {
            Span<float> row = new(scratch.Values + (key * scratch.ValueStride), scratch.ValueStride);
            new Span<float>(head.Values[first + key], heads.ValueSize).CopyTo(row);
            row[heads.ValueSize..].Clear();
        }
    }

    private static void Attend(in DocumentHead<float> head, int panel, KeySpan span, int first, int tokens, in ForwardScratch scratch, int block)
    {
        AttentionHeads heads = head.Heads;
        int rows = QueryBlock.Tiled(tokens * heads.Group);
        float* scores = scratch.Scores + span.Start;
        BlockProduct<S, V>.Multiply(
            scratch.Queries(block), heads.KeySize, scratch.Keys + span.Start, KeySpan.Panel, scores, KeySpan.Panel,
            rows, heads.KeySize, (span.End - span.Start) / S.Count, accumulate: false);
        if (span.Masked)
            Hide(head, panel, span, first, tokens, scratch.Scores);
        Weigh(scratch, span, tokens * heads.Group, block);
        BlockProduct<S, V>.Multiply(
            scores, KeySpan.Panel, scratch.Values + (span.Start * scratch.ValueStride), scratch.ValueStride, scratch.Results(block), scratch.ValueStride,
            rows, span.KeyEnd - span.Start, scratch.ValueStride / S.Count, accumulate: true);
    }

    private static void Hide(in DocumentHead<float> head, int panel, KeySpan span, int first, int tokens, float* scores)
    {
        for (int token = 0; token < tokens; token++)
        {
            for (int h = 0; h < head.Heads.Group; h++, scores += KeySpan.Panel)
                span.Hide(head.Mask, panel, first + token, scores, float.NegativeInfinity);
        }
    }

    /// <summary>Scores to weights e^(score − maximum); what was summed under a smaller maximum is scaled down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(in ForwardScratch scratch, KeySpan span, int rows, int block)
    {
        float* scores = scratch.Scores, maxima = scratch.Maxima(block), sums = scratch.Sums(block), results = scratch.Results(block);
        int valueStride = scratch.ValueStride;
        for (int row = 0; row < rows; row++, scores += KeySpan.Panel, sums += ForwardScratch.SumLanes, results += valueStride)
        {
            V highest = S.Load(scores + span.Start);
            for (int i = span.Start + S.Count; i < span.End; i += S.Count)
                highest = S.MaxNative(highest, S.Load(scores + i));
            float before = maxima[row];
            float maximum = MathF.Max(before, S.Max(highest));
            if (maximum != before)
            {
                V scale = S.Create(MathF.Exp(before - maximum));
                for (int d = 0; d < valueStride; d += S.Count)
                    S.Store(S.Multiply(S.Load(results + d), scale), results + d);
                S.Store(S.Multiply(S.Load(sums), scale), sums);
                maxima[row] = maximum;
            }

            // MaxNative may have dropped a NaN. It comes back in its weight, also where all other scores are −∞: these then weigh e^−∞ = 0.
            V shift = S.Create(float.IsNegativeInfinity(maximum) ? 0 : maximum), sum = S.Load(sums);
            for (int i = span.Start; i < span.End; i += S.Count)
            {
                V weight = Elementary<S, V>.Exp(S.Subtract(S.Load(scores + i), shift));
                sum = S.Add(sum, weight);
                S.Store(weight, scores + i);
            }
            S.Store(sum, sums);
        }
    }

    private static void Finish(in DocumentHead<float> head, int first, int tokens, in ForwardScratch scratch, int block)
    {
        AttentionHeads heads = head.Heads;
        float* maxima = scratch.Maxima(block), sums = scratch.Sums(block), results = scratch.Results(block);
        for (int row = 0; row < tokens * heads.Group; row++)
        {
            int token = first + (row / heads.Group), h = row % heads.Group;
            float sum = S.Sum(S.Load(sums + (row * ForwardScratch.SumLanes)));
            head.LogSums[token][h] = maxima[row] + MathF.Log(sum);
            BlockProduct<S, V>.Scale(results + (row * scratch.ValueStride), 1f / sum, head.Results[token] + (h * heads.ValueSize), heads.ValueSize);
        }
    }
}

/// <summary>A worker's scratch for the forward pass of a part.</summary>
internal readonly unsafe struct ForwardScratch
{
    /// <summary>Each row's sum is kept in the lanes of a vector until the end.</summary>
    public const int SumLanes = NativeBuffer.Alignment / sizeof(float);

    // Packing a panel of keys and values is then little beside multiplying it, and queries and results fit a second-level cache.
    private const int Blocks = 8;

    private readonly float* _queries;
    private readonly float* _results;
    private readonly float* _maxima;
    private readonly float* _sums;
    private readonly int _keySize;

    public ForwardScratch(float* memory, AttentionHeads heads)
    {
        _keySize = heads.KeySize;
        BlockRows = QueryBlock.Rows(heads);
        ValueStride = (int)QueryBlock.Lines(heads.ValueSize);
        ScratchCursor cursor = new(memory);
        Keys = cursor.Take(heads.KeySize * KeySpan.Panel);
        Values = cursor.Take(KeySpan.Panel * ValueStride);
        Scores = cursor.Take(BlockRows * KeySpan.Panel);
        int rows = Blocks * BlockRows;
        _queries = cursor.Take((nint)rows * heads.KeySize);
        _results = cursor.Take((nint)rows * ValueStride);
        _maxima = cursor.Take(rows);
        _sums = cursor.Take(rows * SumLanes);
        End = cursor.Next;
    }

    /// <summary>Rows of a block, whole register tiles.</summary>
    public int BlockRows { get; }

    /// <summary>Floats from one row of values or results to the next.</summary>
    public int ValueStride { get; }

    /// <summary>A panel's keys, transposed [Dk, keys].</summary>
    public float* Keys { get; }

    /// <summary>A panel's values [keys, value stride].</summary>
    public float* Values { get; }

    /// <summary>Scores, then weights, of a block [block rows, keys].</summary>
    public float* Scores { get; }

    private float* End { get; }

    /// <summary>Queries of a part.</summary>
    public static int Tokens(AttentionHeads heads) => Blocks * QueryBlock.Tokens(heads);

    public static long Floats(AttentionHeads heads) => (long)new ForwardScratch(null, heads).End / sizeof(float);

    /// <summary>Scaled queries [block rows, Dk].</summary>
    public float* Queries(int block) => _queries + ((nint)block * BlockRows * _keySize);

    /// <summary>Results, not yet divided by the sums [block rows, value stride].</summary>
    public float* Results(int block) => _results + ((nint)block * BlockRows * ValueStride);

    /// <summary>[block rows].</summary>
    public float* Maxima(int block) => _maxima + (block * BlockRows);

    /// <summary>[block rows, sum lanes].</summary>
    public float* Sums(int block) => _sums + (block * BlockRows * SumLanes);
}
