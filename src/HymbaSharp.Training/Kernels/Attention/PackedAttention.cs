using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Grouped-query attention over the packed rows of many documents, and its gradients. Neither pass keeps probabilities: the forward pass
/// leaves the log-sum of each row and head, from which the backward pass computes them again block by block (arXiv 2205.14135, algorithm 4),
/// so memory is linear in the rows. Positions count from each document's first row, which is also its first meta token. Results do not depend
/// on the number of threads nor on how documents are packed.
/// </summary>
internal static unsafe class PackedAttention
{
    /// <summary>Writes results and log-sums.</summary>
    /// <param name="context">Path, threads and scratch.</param>
    /// <param name="heads">How many heads of which width.</param>
    /// <param name="mask">Who sees whom in a document.</param>
    /// <param name="documents">Which rows are whose: one after the other, all rows.</param>
    /// <param name="operands">What is read and written.</param>
    /// <exception cref="ArgumentException">A shape, a document or the mask does not fit.</exception>
    public static void Forward(
        KernelContext context, AttentionHeads heads, AttentionMask mask, ReadOnlySpan<RowRange> documents, in PackedAttentionOperands operands)
    {
        Check(mask, documents, operands.Queries.Rows);
        operands.Check(heads);
        context.ReserveWorkerScratch(ForwardScratch.Floats(heads));
        Work work = new()
        {
            Context = context,
            Heads = heads,
            Mask = mask,
            Parts = Cut(heads, documents, ForwardScratch.Tokens(heads)),
            Operands = operands,
        };
        context.Pool.Run(ref work, work.Parts.Length);
    }

    /// <summary>Writes the gradients of queries, keys and values. The parameters are those of <see cref="Forward"/>, after it.</summary>
    /// <exception cref="ArgumentException">A shape, a document or the mask does not fit.</exception>
    public static void Backward(
        KernelContext context, AttentionHeads heads, AttentionMask mask, ReadOnlySpan<RowRange> documents,
        in PackedAttentionOperands operands, in PackedAttentionGradients gradients)
    {
        Check(mask, documents, operands.Queries.Rows);
        operands.Check(heads);
        gradients.Check(heads, operands.Queries.Rows);
        // One part sums all of a head's key and value gradients in a document, in the order of its queries: no thread adds to another's sum.
        AttentionPart[] parts = Cut(heads, documents, int.MaxValue);
        if (parts.Length == 0)
            return;
        context.ReserveWorkerScratch(BackwardScratch.Floats(heads, parts[0].Count));
        Work work = new()
        {
            Context = context,
            Heads = heads,
            Mask = mask,
            Parts = parts,
            Operands = operands,
            Gradients = gradients,
            IsBackward = true,
        };
        context.Pool.Run(ref work, parts.Length);
    }

    private static void Check(AttentionMask mask, ReadOnlySpan<RowRange> documents, int rows)
    {
        if (mask.MetaTokens < 0 || (!mask.Global && mask.Window < 0))
            throw new ArgumentException($"Packed attention: a window of {mask.Window} and {mask.MetaTokens} meta tokens; neither may be negative.");
        RowRange.RequireCover(documents, rows);
    }

    /// <summary>Parts of at most <paramref name="tokens"/> queries, those of long documents first, so that no thread is left with one at the end.</summary>
    private static AttentionPart[] Cut(AttentionHeads heads, ReadOnlySpan<RowRange> documents, int tokens)
    {
        RowRange[] longestFirst = documents.ToArray();
        Array.Sort(longestFirst, (a, b) => b.Count.CompareTo(a.Count));
        List<AttentionPart> parts = [];
        foreach (RowRange document in longestFirst)
        {
            for (int head = 0; head < heads.KeyValueHeads; head++)
            {
                for (int first = 0, count; first < document.Count; first += count)
                {
                    count = Math.Min(tokens, document.Count - first);
                    parts.Add(new AttentionPart(document, head, first, count));
                }
            }
        }
        return [.. parts];
    }

    /// <summary>Some queries of a document, for one key/value head.</summary>
    private readonly record struct AttentionPart(RowRange Document, int Head, int First, int Count);

    private struct Work : IParallelWork
    {
        public KernelContext Context;
        public AttentionHeads Heads;
        public AttentionMask Mask;
        public AttentionPart[] Parts;
        public PackedAttentionOperands Operands;
        public PackedAttentionGradients Gradients;
        public bool IsBackward;

        public readonly void Execute(int part, int worker)
        {
            AttentionPart task = Parts[part];
            DocumentHead<float> head = Head(task);
            float* scratch = Context.WorkerScratch(worker);
            switch (Context.Path, IsBackward)
            {
                case (KernelPath.Scalar, false):
                    ScalarPackedAttention<float>.Forward(head, task.First, task.Count);
                    break;
                case (KernelPath.Vector128, false):
                    VectorAttentionForward<Simd128, Vector128<float>>.Apply(head, task.First, task.Count, scratch);
                    break;
                case (KernelPath.Vector256, false):
                    VectorAttentionForward<Simd256, Vector256<float>>.Apply(head, task.First, task.Count, scratch);
                    break;
                case (_, false):
                    VectorAttentionForward<Simd512, Vector512<float>>.Apply(head, task.First, task.Count, scratch);
                    break;
                case (KernelPath.Scalar, true):
                    ScalarPackedAttention<float>.Backward(head);
                    break;
                case (KernelPath.Vector128, true):
                    VectorAttentionBackward<Simd128, Vector128<float>>.Apply(head, scratch);
                    break;
                case (KernelPath.Vector256, true):
                    VectorAttentionBackward<Simd256, Vector256<float>>.Apply(head, scratch);
                    break;
                default:
                    VectorAttentionBackward<Simd512, Vector512<float>>.Apply(head, scratch);
                    break;
            }
        }

        private readonly DocumentHead<float> Head(AttentionPart part)
        {
            int row = part.Document.Start, head = part.Head, queryHead = head * Heads.Group;
            DocumentHead<float> forward = new()
            {
                Heads = Heads,
                Mask = Mask,
                Tokens = part.Document.Count,
                Queries = View(Operands.Queries, row, queryHead * Heads.KeySize),
                Keys = View(Operands.Keys, row, head * Heads.KeySize),
                Values = View(Operands.Values, row, head * Heads.ValueSize),
                Results = View(Operands.Results, row, queryHead * Heads.ValueSize),
                LogSums = View(Operands.LogSums, row, queryHead),
            };
            return !IsBackward ? forward : forward with
            {
                ResultGradients = View(Gradients.Results, row, queryHead * Heads.ValueSize),
                QueryGradients = View(Gradients.Queries, row, queryHead * Heads.KeySize),
                KeyGradients = View(Gradients.Keys, row, head * Heads.KeySize),
                ValueGradients = View(Gradients.Values, row, head * Heads.ValueSize),
            };
        }

        private static Strided<float> View(Matrix matrix, int row, int column) => new(matrix[row] + column, matrix.Stride);
    }
}
