using HymbaSharp.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>The rows of tables by id: embeddings [V, H] for ids, meta tokens [M, H] for ~m → [R, H].</summary>
internal sealed class EmbeddingOperation(int[] ids) : Operation
{
    private long _vocabulary, _metaTokens;

    public static Tensor Apply(Tensor embeddings, Tensor? metaTokens, int[] ids)
    {
        if (CpuTensors.IsForKernels(embeddings))
            return new EmbeddingOperation(ids).Invoke(metaTokens is null ? [embeddings] : [embeddings, metaTokens])[0];
        Tensor table = metaTokens is null ? embeddings : cat([embeddings, metaTokens], 0);
        long[] rows = [.. ids.Select(id => id >= 0 ? id : embeddings.shape[0] + ~id)];
        return table.index_select(0, tensor(rows, device: embeddings.device));
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        (_vocabulary, _metaTokens) = (inputs[0].shape[0], inputs.Length > 1 ? inputs[1].shape[0] : 0);
        Tensor result = empty(ids.Length, inputs[0].shape[1]);
        Matrix rows = result.Matrix(), embeddings = inputs[0].Matrix(), metaTokens = inputs.Length > 1 ? inputs[1].Matrix() : default;
        for (int row = 0; row < ids.Length; row++)
            (ids[row] >= 0 ? embeddings.Row(ids[row]) : metaTokens.Row(~ids[row])).CopyTo(rows.Row(row));
        return [result];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Matrix rows = gradients[0].Matrix();
        Tensor? embeddings = Needs(0) ? zeros(_vocabulary, rows.Columns) : null, metaTokens = Needs(1) ? zeros(_metaTokens, rows.Columns) : null;
        for (int row = 0; row < ids.Length; row++)
        {
            if ((ids[row] >= 0 ? embeddings : metaTokens) is not { } table)
                continue;
            Span<float> sum = table.Matrix().Row(ids[row] >= 0 ? ids[row] : ~ids[row]);
            Span<float> gradient = rows.Row(row);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += gradient[i];
        }
        return _metaTokens > 0 ? [embeddings, metaTokens] : [embeddings];
    }
}
