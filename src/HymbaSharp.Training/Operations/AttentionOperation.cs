using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Attention of packed documents: q [R, Hq·Dk], k [R, Hkv·Dk], v [R, Hkv·Dv] → [R, Hq·Dv]. No document sees another.</summary>
internal sealed class AttentionOperation(AttentionHeads heads, AttentionMask mask, RowRange[] documents) : Operation
{
    private Tensor? _queries, _keys, _values, _results, _logSums;

    public static Tensor Apply(Tensor q, Tensor k, Tensor v, AttentionHeads heads, AttentionMask mask, RowRange[] documents) => CpuTensors.IsForKernels(q)
        ? new AttentionOperation(heads, mask, documents).Invoke(q, k, v)[0]
        : InTensors(q, k, v, heads, mask, documents);

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        Tensor results = empty(inputs[0].shape[0], heads.QueryHeads * heads.ValueSize);
        _queries = Keep(inputs[0].contiguous());
        _keys = Keep(inputs[1].contiguous());
        _values = Keep(inputs[2].contiguous());
        _results = Keep(results);
        _logSums = Keep(empty(results.shape[0], heads.QueryHeads));
        PackedAttention.Forward(CpuTensors.Kernels, heads, mask, documents, Operands);
        return [results];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor dq = empty_like(_queries!), dk = empty_like(_keys!), dv = empty_like(_values!);
        PackedAttentionGradients written = new()
        {
            Results = gradients[0].Matrix(),
            Queries = dq.Matrix(),
            Keys = dk.Matrix(),
            Values = dv.Matrix(),
        };
        PackedAttention.Backward(CpuTensors.Kernels, heads, mask, documents, Operands, written);
        return [dq, dk, dv];
    }

    private PackedAttentionOperands Operands => new()
    {
        Queries = _queries!.Matrix(),
        Keys = _keys!.Matrix(),
        Values = _values!.Matrix(),
        Results = _results!.Matrix(),
        LogSums = _logSums!.Matrix(),
    };

    /// <summary>
    /// The same in operations of the tensor library: documents of like lengths side by side. A row past a document's end is its last one again; no row
    /// before it sees it, and its result is not taken.
    /// </summary>
    private static Tensor InTensors(Tensor q, Tensor k, Tensor v, AttentionHeads heads, AttentionMask mask, RowRange[] documents)
    {
        List<Tensor> results = [];
        long[] places = new long[q.shape[0]];
        long filled = 0;
        // The longest of a group is less than four times its shortest.
        foreach (IGrouping<int, RowRange> group in documents.GroupBy(document => BitOperations.Log2((uint)document.Count) / 2))
        {
            RowRange[] alike = [.. group];
            int longest = alike.Max(document => document.Count);
            Tensor rows = tensor(
                alike.SelectMany(document => Enumerable.Range(0, longest).Select(row => (long)document.Start + Math.Min(row, document.Count - 1))).ToArray(), device: q.device);
            Tensor attended = nn.functional.scaled_dot_product_attention(
                Heads(q, heads.QueryHeads, heads.KeySize, 1), Heads(k, heads.KeyValueHeads, heads.KeySize, heads.Group),
                Heads(v, heads.KeyValueHeads, heads.ValueSize, heads.Group), attn_mask: Seen(longest, mask, q.device));
            results.Add(attended.transpose(1, 2).reshape(rows.shape[0], heads.QueryHeads * heads.ValueSize));
            foreach (RowRange document in alike)
            {
                for (int row = 0; row < document.Count; row++)
                    places[document.Start + row] = filled + row;
                filled += longest;
            }

            // [D, heads, T, size], each head as often as queries share it.
            Tensor Heads(Tensor packed, long count, long size, long times) =>
                packed.index_select(0, rows).view(alike.Length, longest, count, 1, size).expand(-1, -1, -1, times, -1).reshape(alike.Length, longest, count * times, size).transpose(1, 2);
        }
        return cat(results, 0).index_select(0, tensor(places, device: q.device));
    }

    /// <summary>[T, T]: true where a query (first axis) sees a key.</summary>
    private static Tensor Seen(long count, AttentionMask mask, Device device)
    {
        Tensor position = arange(count, device: device), query = position.unsqueeze(1), key = position.unsqueeze(0);
        Tensor seen = key <= query;
        return mask.Global ? seen : seen.logical_and((query - key <= mask.Window).logical_or(key < mask.MetaTokens));
    }
}
