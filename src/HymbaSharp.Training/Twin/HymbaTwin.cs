using HymbaSharp.Configuration;
using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using TorchSharp;
using static HymbaSharp.Checkpoints.TensorNames;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Twin;

/// <summary>
/// The Hymba model (arXiv 2411.13676), differentiable: the twin of the engine's HymbaForward, block by block under the same names and symbols, over the
/// packed rows [R] of whole documents. Every tensor is [R, columns]; operations that look beyond a row are told the documents' borders.
/// <code>
/// R    rows: all documents' meta tokens and tokens
/// x    residual stream [R, H]               I    SSM channels, width of attention's result (mamba_expand · H)
/// u, w normed stream [R, H]                 F    MLP width (intermediate_size)
/// q    queries [R, Hq·Dk]                   Hq, Hkv   query and key/value heads
/// k, v keys, values [R, Hkv·Dk], [R, Hkv·Dv]  Dk, Dv  key and value head width
/// s    SSM input [R, I]                     N    states of a channel (mamba_d_state)
/// c    convolved s [R, I]                   M    meta tokens (num_memory_tokens)
/// Δ    time steps [R, I]                    W    window (sliding_window)
/// B, C input and output of the state [R, N] V    vocabulary (vocab_size)
/// </code>
/// </summary>
internal sealed class HymbaTwin(HymbaConfig config, TwinParameters parameters)
{
    private readonly AttentionHeads _heads = new(config.AttentionHeads, config.KeyValueHeads, config.KeyHeadSize, config.ValueHeadSize);

    /// <summary>The configuration.</summary>
    public HymbaConfig Config => config;

    /// <summary>The weights, and what is trained of them.</summary>
    public TwinParameters Parameters => parameters;

    /// <summary>Whether layers are computed again in the backward pass in place of keeping what it needs: memory for a third more arithmetic.</summary>
    public bool CheckpointsActivations { get; init; }

    /// <summary>The logits [n, V] of the batch's rows that have a target.</summary>
    public Tensor Logits(RowBatch batch) => Logits(Stream(batch), batch.LossRows);

    /// <summary>The residual stream after the last layer, before the final norm [R, H].</summary>
    public Tensor Stream(RowBatch batch)
    {
        Tensor x = Embed(batch);
        RotaryAngles angles = new(config, batch, parameters.Type, parameters.Device);
        Dictionary<int, (Tensor K, Tensor V)> cache = [];
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            // Within a layer only what the graph holds for its gradients stays.
            using DisposeScope scope = NewDisposeScope();
            x = CheckpointsActivations ? LayerCheckpoint.Run(this, layer, x, batch, angles, cache) : Layer(layer, x, batch, angles, cache);
            _ = x.MoveToOuterDisposeScope();
            if (config.OwnsKeyValues(layer))
                _ = (cache[layer].K.MoveToOuterDisposeScope(), cache[layer].V.MoveToOuterDisposeScope());
        }
        return x;
    }

    /// <summary>lm_head·RMSNorm(x), of the rows asked for [n, V].</summary>
    public Tensor Logits(Tensor x, int[] rows)
    {
        Tensor u = x.index_select(0, tensor(rows, dtype: ScalarType.Int64, device: x.device));
        u = RmsNormOperation.Apply(u, parameters[FinalNorm], config.NormEpsilon);
        return LinearOperation.Apply(u, parameters[config.TiedEmbeddings ? TokenEmbedding : OutputMatrix]);
    }

    /// <summary>One layer. Owners put their keys and values into the cache, where borrowers find them.</summary>
    internal Tensor Layer(int layer, Tensor x, RowBatch batch, RotaryAngles angles, Dictionary<int, (Tensor K, Tensor V)> cache) =>
        Mlp(layer, Mixer(layer, x, batch, angles, cache));

    /// <summary>x = the meta tokens, then the embeddings of the ids, of every document.</summary>
    private Tensor Embed(RowBatch batch) =>
        EmbeddingOperation.Apply(parameters[TokenEmbedding], config.MetaTokens > 0 ? parameters[MetaTokens] : null, batch.Tokens);

    /// <summary>x + out_proj·(mean of the two kinds of heads).</summary>
    private Tensor Mixer(int layer, Tensor x, RowBatch batch, RotaryAngles angles, Dictionary<int, (Tensor K, Tensor V)> cache)
    {
        Tensor u = RmsNormOperation.Apply(x, parameters[InputNorm(layer)], config.NormEpsilon);
        bool owns = config.OwnsKeyValues(layer);
        long hidden = config.HiddenSize, inner = config.InnerSize, keys = config.KeyValueHeads * config.KeyHeadSize, values = config.KeyValueHeads * config.ValueHeadSize;
        Tensor[] z = parameters.Project(
            InputProjection(layer), config.ProjectionBias ? InputProjectionBias(layer) : null, u, owns ? [hidden, keys, values, inner, inner] : [hidden, inner, inner]);
        Tensor q = z[0], s = z[^2], gate = z[^1];
        if (owns)
            cache[layer] = (Rotate(NormHeads(z[1], KeyNorm(layer), config.KeyValueHeads), angles), z[2]);

        Tensor attended = AttentionHeads(layer, q, batch, angles, cache[config.KeyValueOwners[layer]]);
        Tensor y = SsmHeads(layer, s, gate, batch);
        Tensor mixed = RmsNormOperation.Mean(attended, parameters[AttentionNorm(layer)], y, parameters[SsmNorm(layer)], config.NormEpsilon);
        return x + parameters.Project(OutputProjection(layer), config.ProjectionBias ? OutputProjectionBias(layer) : null, mixed, hidden)[0];
    }

    /// <summary>Queries, rotated, over the owner's keys and values.</summary>
    private Tensor AttentionHeads(int layer, Tensor q, RowBatch batch, RotaryAngles angles, (Tensor K, Tensor V) cached)
    {
        q = Rotate(NormHeads(q, QueryNorm(layer), config.AttentionHeads), angles);
        AttentionMask mask = new(config.IsGlobal(layer), config.SlidingWindow, config.MetaTokens);
        return AttentionOperation.Apply(q, cached.K, cached.V, _heads, mask, batch.Documents);
    }

    /// <summary>Convolution, selective scan and gate.</summary>
    private Tensor SsmHeads(int layer, Tensor s, Tensor gate, RowBatch batch)
    {
        long rank = config.TimeStepRank, states = config.StateSize;
        Tensor c = ConvolutionOperation.Apply(parameters[Convolution(layer)], config.ConvolutionBias ? parameters[ConvolutionBias(layer)] : null, s, batch.Documents);
        Tensor[] projected = parameters.Project(SsmProjection(layer), null, c, rank, states, states);
        (Tensor dt, Tensor b, Tensor readout) = (projected[0], projected[1], projected[2]);
        if (config.InnerNorms)
        {
            dt = RmsNormOperation.Apply(dt, parameters[TimeStepNorm(layer)], config.NormEpsilon);
            b = RmsNormOperation.Apply(b, parameters[InputMatrixNorm(layer)], config.NormEpsilon);
            readout = RmsNormOperation.Apply(readout, parameters[OutputMatrixNorm(layer)], config.NormEpsilon);
        }
        // Δ = softplus(delta + bias) is part of the scan.
        Tensor delta = parameters.Project(TimeStepProjection(layer), null, dt, config.InnerSize)[0];
        return ScanOperation.Apply(
            parameters[DecayLog(layer)], parameters[Skip(layer)], delta, parameters[TimeStepBias(layer)], c, b, readout, gate, batch.Documents);
    }

    /// <summary>x + down_proj·(silu(gate_proj·w) · up_proj·w).</summary>
    private Tensor Mlp(int layer, Tensor x)
    {
        Tensor w = RmsNormOperation.Apply(x, parameters[MlpNorm(layer)], config.NormEpsilon);
        Tensor gate = parameters.Project(MlpGate(layer), null, w, config.IntermediateSize)[0];
        Tensor up = parameters.Project(MlpUp(layer), null, w, config.IntermediateSize)[0];
        return x + parameters.Project(MlpDown(layer), null, SiluGateOperation.Apply(gate, up), config.HiddenSize)[0];
    }

    private Tensor NormHeads(Tensor rows, string gains, int heads)
    {
        if (config.KeyQueryNorm == KeyQueryNorm.None)
            return rows;
        Tensor each = rows.view(rows.shape[0] * heads, config.KeyHeadSize);
        if (config.KeyQueryNorm == KeyQueryNorm.Rms)
            return RmsNormOperation.Apply(each, parameters[gains], config.NormEpsilon).view(rows.shape);
        Tensor unit = RmsNormOperation.Apply(each, ones(config.KeyHeadSize, dtype: rows.dtype, device: rows.device), config.NormEpsilon);
        return unit.view(rows.shape) * parameters[gains].flatten();
    }

    private Tensor Rotate(Tensor rows, RotaryAngles angles) =>
        config.Rope == RopeType.None ? rows : RopeOperation.Apply(rows, angles.Cosines, angles.Sines);
}
