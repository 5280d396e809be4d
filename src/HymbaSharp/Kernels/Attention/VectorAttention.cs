using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel: scores and weighted values of a page are both register tiles; the softmax between them runs over the page's 64 lanes.</summary>
internal static unsafe class VectorAttention<S, V> where S : struct, ISimd<V> where V : struct
{
    public static void Apply(in AttentionBlock block)
    {
        KeyValuePage page = block.Page;
        int rows = block.Rows, tiled = AttentionScratch.Padded(rows);
        AttentionScratch scratch = new(block.Scratch, rows, page);
        CopyQueries(block, scratch, tiled);
        new Span<float>(scratch.Results, tiled * page.ValueStride).Clear();
        new Span<float>(scratch.Maxima, tiled).Fill(float.NegativeInfinity);
        new Span<float>(scratch.Sums, tiled).Clear();

        int last = block.Position + block.Queries.Rows - 1;
        for (int p = block.StartPage; p < block.EndPage; p++)
        {
            if (!block.Mask.Reaches(p, block.Position))
                continue;
            (nint keysAt, nint valuesAt) = HeadOf(block, p, scratch);
            float* keys = (float*)keysAt, values = (float*)valuesAt;
            for (int row = 0; row < tiled; row += RegisterTileShape.Rows)
            {
                RegisterTile<S, V>.Multiply(
                    scratch.Queries + (row * page.KeySize), page.KeySize, keys, KeyValuePage.Rows, scratch.Scores + (row * KeyValuePage.Rows), KeyValuePage.Rows,
                    page.KeySize, KeyValuePage.Rows / S.Count, accumulate: false, next: values);
            }
            for (int row = 0; row < rows; row++)
                Weigh(block.Mask.Rows(p, block.Position + (row / block.Group)), scratch, row, page.ValueStride);

            int keyCount = Math.Min(last + 1 - (p * KeyValuePage.Rows), KeyValuePage.Rows);
            for (int row = 0; row < tiled; row += RegisterTileShape.Rows)
            {
                RegisterTile<S, V>.Multiply(
                    scratch.Scores + (row * KeyValuePage.Rows), KeyValuePage.Rows, values, page.ValueStride, scratch.Results + (row * page.ValueStride), page.ValueStride,
                    keyCount, page.ValueStride / S.Count, accumulate: true, next: values);
            }
        }
        Finish(block, scratch);
    }

    /// <summary>Where the keys and values of the block's head lie as floats, for a page.</summary>
    private static (nint Keys, nint Values) HeadOf(in AttentionBlock block, int p, in AttentionScratch scratch)
    {
        KeyValuePage page = block.Page;
        float* whole = block.Pages[p];
        int keys = page.KeyOffset(block.Head), values = page.ValueOffset(block.Head);
        if (page.Type == KeyValueType.F32)
            return ((nint)(whole + keys), (nint)(whole + values));
        float* widened = scratch.Widened, after = widened + (KeyValuePage.Rows * page.KeySize);
        Widen((ushort*)whole + keys, widened, KeyValuePage.Rows * page.KeySize);
        Widen((ushort*)whole + values, after, KeyValuePage.Rows * page.ValueStride);
        return ((nint)widened, (nint)after);
    }

    // A page's rows and a value's padded width are whole vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ushort* source, float* destination, int count)
    {
        for (int i = 0; i < count; i += S.Count)
            S.Store(S.LoadBFloat16(source + i), destination + i);
    }

    /// <summary>Scores of a page to weights e^(score − maximum); what was summed under a smaller maximum is scaled down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh((int MetaEnd, int WindowStart, int End) seen, in AttentionScratch scratch, int row, int valueStride)
    {
        float* scores = scratch.Scores + (row * KeyValuePage.Rows);
        if (seen.MetaEnd == 0 && seen.WindowStart == seen.End)
        {
            new Span<float>(scores, KeyValuePage.Rows).Clear();
            return;
        }
        new Span<float>(scores + seen.MetaEnd, seen.WindowStart - seen.MetaEnd).Fill(float.NegativeInfinity);
        new Span<float>(scores + seen.End, KeyValuePage.Rows - seen.End).Fill(float.NegativeInfinity);

        V highest = S.Load(scores);
        for (int i = S.Count; i < KeyValuePage.Rows; i += S.Count)
            highest = S.MaxNative(highest, S.Load(scores + i));
        float before = scratch.Maxima[row];
        float maximum = MathF.Max(before, S.Max(highest));

        // MaxNative may have dropped a NaN. It comes back in its weight, also where all other scores are −∞: these then weigh e^−∞ = 0.
        V shift = S.Create(float.IsNegativeInfinity(maximum) ? 0 : maximum), sums = S.Zero;
        for (int i = 0; i < KeyValuePage.Rows; i += S.Count)
        {
            V weight = Elementary<S, V>.Exp(S.Subtract(S.Load(scores + i), shift));
            sums = S.Add(sums, weight);
            S.Store(weight, scores + i);
        }
        float sum = S.Sum(sums);
        if (maximum != before)
        {
            V scale = S.Create(MathF.Exp(before - maximum));
            float* results = scratch.Results + (row * valueStride);
            for (int d = 0; d < valueStride; d += S.Count)
                S.Store(S.Multiply(S.Load(results + d), scale), results + d);
            scratch.Sums[row] *= MathF.Exp(before - maximum);
            scratch.Maxima[row] = maximum;
        }
        scratch.Sums[row] += sum;
    }

    private static void CopyQueries(in AttentionBlock block, in AttentionScratch scratch, int tiled)
    {
        int keySize = block.Page.KeySize, width = block.Group * keySize;
        for (int token = 0; token < block.Queries.Rows; token++)
            Scale(block.Queries[token], block.Scale, scratch.Queries + (token * width), width);
        new Span<float>(scratch.Queries + (block.Rows * keySize), (tiled - block.Rows) * keySize).Clear();
        new Span<float>(scratch.Scores + (block.Rows * KeyValuePage.Rows), (tiled - block.Rows) * KeyValuePage.Rows).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* source, float factor, float* destination, int count)
    {
        V factors = S.Create(factor);
        int i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(S.Multiply(S.Load(source + i), factors), destination + i);
        for (; i < count; i++)
            destination[i] = source[i] * factor;
    }

    private static void Finish(in AttentionBlock block, in AttentionScratch scratch)
    {
        KeyValuePage page = block.Page;
        if (block.Partial is not null)
        {
            new Span<float>(scratch.Maxima, block.Group).CopyTo(new Span<float>(block.Partial, block.Group));
            new Span<float>(scratch.Sums, block.Group).CopyTo(new Span<float>(block.Partial + block.Group, block.Group));
            int floats = block.Group * page.ValueStride;
            new Span<float>(scratch.Results, floats).CopyTo(new Span<float>(block.Partial + (2 * block.Group), floats));
            return;
        }
        for (int row = 0; row < block.Rows; row++)
        {
            float* destination = block.Results[row / block.Group] + (row % block.Group * page.ValueSize);
            Scale(scratch.Results + (row * page.ValueStride), 1f / scratch.Sums[row], destination, page.ValueSize);
        }
    }
}
