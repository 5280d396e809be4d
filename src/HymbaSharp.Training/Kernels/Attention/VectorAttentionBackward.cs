using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The backward pass of a document's head (arXiv 2205.14135, appendix B.2). All five products are register tiles without a transposed copy of
/// probabilities: gradients of keys and values are summed transposed, with the block's transposed queries and gradients on the left.
/// </summary>
internal static unsafe class VectorAttentionBackward<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Gradients of all queries, keys and values of the document.</summary>
    public static void Apply(in DocumentHead<float> head, float* memory)
    {
        AttentionHeads heads = head.Heads;
        BackwardScratch scratch = new(memory, heads, head.Tokens);
        int panels = BackwardScratch.Panels(head.Tokens), blockTokens = QueryBlock.Tokens(heads);
        for (int panel = 0; panel < panels; panel++)
            Pack(head, panel, scratch);
        for (int first = 0; first < head.Tokens; first += blockTokens)
        {
            int tokens = Math.Min(blockTokens, head.Tokens - first), last = first + tokens - 1;
            Begin(head, first, tokens, scratch);
            for (int panel = 0; panel * KeySpan.Panel <= last; panel++)
            {
                KeySpan span = KeySpan.Of(head.Mask, panel, first, last, S.Count);
                if (!span.IsEmpty)
                    Differentiate(head, panel, span, first, tokens, scratch);
            }
            WriteQueryGradients(head, first, tokens, scratch);
        }
        for (int panel = 0; panel < panels; panel++)
            WriteKeyValueGradients(head, panel, scratch);
    }

    private static void Pack(in DocumentHead<float> head, int panel, in BackwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        int first = panel * KeySpan.Panel, keys = Math.Min(KeySpan.Panel, head.Tokens - first);
        BackwardScratch.Panel packed = scratch[panel];
        if (keys < KeySpan.Panel)
        {
            new Span<float>(packed.KeysTransposed, heads.KeySize * KeySpan.Panel).Clear();
            new Span<float>(packed.ValuesTransposed, heads.ValueSize * KeySpan.Panel).Clear();
        }
        Transpose.Copy(head.Keys[first], head.Keys.Stride, packed.KeysTransposed, KeySpan.Panel, keys, heads.KeySize, accumulate: false);
        Transpose.Copy(head.Values[first], head.Values.Stride, packed.ValuesTransposed, KeySpan.Panel, keys, heads.ValueSize, accumulate: false);
        for (int key = 0; key < keys; key++)
        {
            Span<float> row = new(packed.Keys + (key * scratch.KeyStride), scratch.KeyStride);
            new Span<float>(head.Keys[first + key], heads.KeySize).CopyTo(row);
            row[heads.KeySize..].Clear();
        }
        new Span<float>(packed.KeyGradients, QueryBlock.Tiled(heads.KeySize) * KeySpan.Panel).Clear();
        new Span<float>(packed.ValueGradients, QueryBlock.Tiled(heads.ValueSize) * KeySpan.Panel).Clear();
    }

    private static void Begin(in DocumentHead<float> head, int first, int tokens, in BackwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        int group = heads.Group, keySize = heads.KeySize, valueSize = heads.ValueSize, rows = tokens * group;
        float scale = 1f / MathF.Sqrt(keySize);
        for (int token = 0; token < tokens; token++)
        {
            int row = token * group;
            float* gradients = head.ResultGradients[first + token], results = head.Results[first + token];
            BlockProduct<S, V>.Scale(head.Queries[first + token], scale, scratch.Queries + (row * keySize), group * keySize);
            new Span<float>(gradients, group * valueSize).CopyTo(new Span<float>(scratch.Gradients + (row * valueSize), group * valueSize));
            new Span<float>(head.LogSums[first + token], group).CopyTo(new Span<float>(scratch.LogSums + row, group));
            for (int h = 0; h < group; h++)
                scratch.Means[row + h] = BlockProduct<S, V>.Dot(gradients + (h * valueSize), results + (h * valueSize), valueSize);
        }
        new Span<float>(scratch.Queries + (rows * keySize), (scratch.BlockRows - rows) * keySize).Clear();
        new Span<float>(scratch.Gradients + (rows * valueSize), (scratch.BlockRows - rows) * valueSize).Clear();
        Transpose.Copy(scratch.Queries, keySize, scratch.QueriesTransposed, scratch.BlockRows, rows, keySize, accumulate: false);
        Transpose.Copy(scratch.Gradients, valueSize, scratch.GradientsTransposed, scratch.BlockRows, rows, valueSize, accumulate: false);
        new Span<float>(scratch.QueryGradients, scratch.BlockRows * scratch.KeyStride).Clear();
    }

    private static void Differentiate(in DocumentHead<float> head, int panel, KeySpan span, int first, int tokens, in BackwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        int rows = tokens * heads.Group, tiled = QueryBlock.Tiled(rows), vectors = (span.End - span.Start) / S.Count;
        BackwardScratch.Panel keys = scratch[panel];
        float* probabilities = scratch.Probabilities + span.Start, scores = scratch.ScoreGradients + span.Start;
        BlockProduct<S, V>.Multiply(
            scratch.Queries, heads.KeySize, keys.KeysTransposed + span.Start, KeySpan.Panel, probabilities, KeySpan.Panel,
            tiled, heads.KeySize, vectors, accumulate: false);
        BlockProduct<S, V>.Multiply(
            scratch.Gradients, heads.ValueSize, keys.ValuesTransposed + span.Start, KeySpan.Panel, scores, KeySpan.Panel,
            tiled, heads.ValueSize, vectors, accumulate: false);
        Weigh(scratch, span, rows);
        if (span.Masked)
            Hide(head, panel, span, first, tokens, scratch);
        BlockProduct<S, V>.Multiply(
            scratch.GradientsTransposed, scratch.BlockRows, probabilities, KeySpan.Panel, keys.ValueGradients + span.Start, KeySpan.Panel,
            heads.ValueSize, rows, vectors, accumulate: true);
        BlockProduct<S, V>.Multiply(
            scratch.QueriesTransposed, scratch.BlockRows, scores, KeySpan.Panel, keys.KeyGradients + span.Start, KeySpan.Panel,
            heads.KeySize, rows, vectors, accumulate: true);
        BlockProduct<S, V>.Multiply(
            scores, KeySpan.Panel, keys.Keys + (span.Start * scratch.KeyStride), scratch.KeyStride, scratch.QueryGradients, scratch.KeyStride,
            tiled, span.KeyEnd - span.Start, scratch.KeyStride / S.Count, accumulate: true);
    }

    /// <summary>Scores to probabilities p = e^(score − log-sum), and the probabilities' gradients to the scores': p · (gradient − their mean).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(in BackwardScratch scratch, KeySpan span, int rows)
    {
        float* probabilities = scratch.Probabilities, gradients = scratch.ScoreGradients;
        for (int row = 0; row < rows; row++, probabilities += KeySpan.Panel, gradients += KeySpan.Panel)
        {
            V logSum = S.Create(scratch.LogSums[row]), mean = S.Create(scratch.Means[row]);
            for (int i = span.Start; i < span.End; i += S.Count)
            {
                V probability = Elementary<S, V>.Exp(S.Subtract(S.Load(probabilities + i), logSum));
                S.Store(probability, probabilities + i);
                S.Store(S.Multiply(probability, S.Subtract(S.Load(gradients + i), mean)), gradients + i);
            }
        }
    }

    // A score that its query does not see may lie far above the log-sum, and its probability be infinite: both are overwritten, not multiplied by 0.
    private static void Hide(in DocumentHead<float> head, int panel, KeySpan span, int first, int tokens, in BackwardScratch scratch)
    {
        int row = 0;
        for (int token = 0; token < tokens; token++)
        {
            for (int h = 0; h < head.Heads.Group; h++, row += KeySpan.Panel)
            {
                span.Hide(head.Mask, panel, first + token, scratch.Probabilities + row, 0);
                span.Hide(head.Mask, panel, first + token, scratch.ScoreGradients + row, 0);
            }
        }
    }

    private static void WriteQueryGradients(in DocumentHead<float> head, int first, int tokens, in BackwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        float scale = 1f / MathF.Sqrt(heads.KeySize);
        for (int row = 0; row < tokens * heads.Group; row++)
        {
            float* destination = head.QueryGradients[first + (row / heads.Group)] + (row % heads.Group * heads.KeySize);
            BlockProduct<S, V>.Scale(scratch.QueryGradients + (row * scratch.KeyStride), scale, destination, heads.KeySize);
        }
    }

    private static void WriteKeyValueGradients(in DocumentHead<float> head, int panel, in BackwardScratch scratch)
    {
        AttentionHeads heads = head.Heads;
        int first = panel * KeySpan.Panel, keys = Math.Min(KeySpan.Panel, head.Tokens - first);
        BackwardScratch.Panel sums = scratch[panel];
        Transpose.Copy(sums.KeyGradients, KeySpan.Panel, head.KeyGradients[first], head.KeyGradients.Stride, heads.KeySize, keys, accumulate: false);
        Transpose.Copy(sums.ValueGradients, KeySpan.Panel, head.ValueGradients[first], head.ValueGradients.Stride, heads.ValueSize, keys, accumulate: false);
    }
}
