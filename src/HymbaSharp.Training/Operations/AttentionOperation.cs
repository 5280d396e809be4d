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

    /// <summary>The same in operations of the tensor library, a document after the other.</summary>
    private static Tensor InTensors(Tensor q, Tensor k, Tensor v, AttentionHeads heads, AttentionMask mask, RowRange[] documents)
    {
        List<Tensor> results = [];
        foreach (RowRange document in documents)
        {
            long count = document.Count;
            Tensor queries = q.narrow(0, document.Start, count).view(count, heads.QueryHeads, heads.KeySize).transpose(0, 1);
            Tensor keys = Heads(k, heads.KeySize), values = Heads(v, heads.ValueSize);
            Tensor scores = queries.matmul(keys.transpose(1, 2)) / Math.Sqrt(heads.KeySize);
            Tensor weights = scores.masked_fill(Hidden(count, mask, q.device), double.NegativeInfinity).softmax(-1);
            results.Add(weights.matmul(values).transpose(0, 1).reshape(count, heads.QueryHeads * heads.ValueSize));

            Tensor Heads(Tensor rows, long size) =>
                rows.narrow(0, document.Start, count).view(count, heads.KeyValueHeads, size).transpose(0, 1).repeat_interleave(heads.Group, dim: 0);
        }
        return results.Count == 1 ? results[0] : cat(results, 0);
    }

    /// <summary>[T, T]: true where a query (first axis) does not see a key.</summary>
    private static Tensor Hidden(long count, AttentionMask mask, Device device)
    {
        Tensor position = arange(count, device: device), query = position.unsqueeze(1), key = position.unsqueeze(0);
        Tensor hidden = key > query;
        return mask.Global ? hidden : hidden.logical_or((query - key > mask.Window).logical_and(key >= mask.MetaTokens));
    }
}
