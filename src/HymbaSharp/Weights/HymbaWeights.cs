using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Kernels;

namespace HymbaSharp.Weights;

/// <summary>All weights of a model, immutable. Matrices lie in the mapped checkpoint in their stored type, or quantised beside it; vectors are small and widened to float32 once.</summary>
internal sealed class HymbaWeights : IDisposable
{
    private readonly AdaptedCheckpoint _checkpoint;

    /// <summary>Takes the checkpoint over. Its tensors must fit the configuration.</summary>
    public HymbaWeights(Checkpoint checkpoint, HymbaConfig config) : this(new AdaptedCheckpoint(checkpoint, []), config)
    {
    }

    /// <summary>Takes the checkpoint and its adapters over. Its tensors must fit the configuration.</summary>
    public HymbaWeights(AdaptedCheckpoint checkpoint, HymbaConfig config)
    {
        _checkpoint = checkpoint;
        Embedding = checkpoint.Matrix(TensorNames.TokenEmbedding, config.VocabularySize, config.HiddenSize);
        Output = config.TiedEmbeddings ? Embedding : checkpoint.Matrix(TensorNames.OutputMatrix, config.VocabularySize, config.HiddenSize);
        MetaTokens = config.MetaTokens == 0 ? [] : checkpoint.Get(TensorNames.MetaTokens, config.MetaTokens, config.HiddenSize).ToSingles();
        FinalNorm = checkpoint.Get(TensorNames.FinalNorm, config.HiddenSize).ToSingles();
        Layers = [.. Enumerable.Range(0, config.LayerCount).Select(layer => new LayerWeights(checkpoint, config, layer))];
    }

    public WeightMatrix Embedding { get; } // [V, H]

    public float[] MetaTokens { get; } // [M, H]

    public LayerWeights[] Layers { get; }

    public float[] FinalNorm { get; } // [H]

    public WeightMatrix Output { get; } // [V, H]

    /// <summary>The matrices that activations are multiplied by, with their tensors' names.</summary>
    public IEnumerable<(string Name, WeightMatrix Matrix)> Matrices()
    {
        for (int layer = 0; layer < Layers.Length; layer++)
        {
            LayerWeights weights = Layers[layer];
            yield return (TensorNames.InputProjection(layer), weights.InputProjection.Weights);
            yield return (TensorNames.SsmProjection(layer), weights.SsmProjection.Weights);
            yield return (TensorNames.TimeStepProjection(layer), weights.TimeStepProjection.Weights);
            yield return (TensorNames.OutputProjection(layer), weights.OutputProjection.Weights);
            yield return (TensorNames.MlpGate(layer), weights.MlpGate.Weights);
            yield return (TensorNames.MlpUp(layer), weights.MlpUp.Weights);
            yield return (TensorNames.MlpDown(layer), weights.MlpDown.Weights);
        }
        yield return (Output == Embedding ? TensorNames.TokenEmbedding : TensorNames.OutputMatrix, Output);
    }

    /// <summary>Bytes of weights one decode step of a single sequence reads.</summary>
    public long BytesPerStep => Output.Bytes + Layers.Sum(layer => layer.MatrixBytes);

    /// <summary>The largest rank of an adapter's update, 0 without adapters.</summary>
    public int MaxRank => Layers.Max(layer => layer.MaxRank);

    public void Dispose()
    {
        foreach (LayerWeights layer in Layers)
            layer.Dispose();
        _checkpoint.Dispose();
    }
}

/// <summary>The weights of one layer.</summary>
internal sealed unsafe class LayerWeights : IDisposable
{
    private readonly NativeBuffer _channels;

    public LayerWeights(AdaptedCheckpoint checkpoint, HymbaConfig config, int layer)
    {
        int h = config.HiddenSize, i = config.InnerSize, f = config.IntermediateSize;
        int r = config.TimeStepRank, n = config.StateSize, k = config.ConvolutionWidth;
        int keys = config.KeyValueHeads * config.KeyHeadSize, values = config.KeyValueHeads * config.ValueHeadSize;
        int projected = h + (config.OwnsKeyValues(layer) ? keys + values : 0) + i + i;

        InputNorm = checkpoint.Get(TensorNames.InputNorm(layer), h).ToSingles();
        InputProjection = checkpoint.Projection(TensorNames.InputProjection(layer), projected, h);
        InputProjectionBias = config.ProjectionBias ? checkpoint.Get(TensorNames.InputProjectionBias(layer), projected).ToSingles() : [];
        QueryNorm = HeadNorm(checkpoint, config, TensorNames.QueryNorm(layer), config.AttentionHeads);
        KeyNorm = config.OwnsKeyValues(layer) ? HeadNorm(checkpoint, config, TensorNames.KeyNorm(layer), config.KeyValueHeads) : [];
        AttentionNorm = checkpoint.Get(TensorNames.AttentionNorm(layer), i).ToSingles();

        SsmProjection = checkpoint.Projection(TensorNames.SsmProjection(layer), r + (2 * n), i);
        TimeStepNorm = config.InnerNorms ? checkpoint.Get(TensorNames.TimeStepNorm(layer), r).ToSingles() : [];
        InputMatrixNorm = config.InnerNorms ? checkpoint.Get(TensorNames.InputMatrixNorm(layer), n).ToSingles() : [];
        OutputMatrixNorm = config.InnerNorms ? checkpoint.Get(TensorNames.OutputMatrixNorm(layer), n).ToSingles() : [];
        TimeStepProjection = checkpoint.Projection(TensorNames.TimeStepProjection(layer), i, r);
        TimeStepBias = checkpoint.Get(TensorNames.TimeStepBias(layer), i).ToSingles();
        SsmNorm = checkpoint.Get(TensorNames.SsmNorm(layer), i).ToSingles();
        ConvolutionBias = config.ConvolutionBias ? checkpoint.Get(TensorNames.ConvolutionBias(layer), i).ToSingles() : new float[i];

        _channels = new NativeBuffer((long)(k + n + 1) * i * sizeof(float));
        Convolution = new Matrix(_channels.Floats, k, i, i);
        Decay = new Matrix(Convolution[k], n, i, i);
        Skip = new Matrix(Decay[n], 1, i, i);
        float[] taps = checkpoint.Get(TensorNames.Convolution(layer), i, 1, k).ToSingles();
        float[] decayLog = checkpoint.Get(TensorNames.DecayLog(layer), i, n).ToSingles();
        for (int channel = 0; channel < i; channel++)
        {
            for (int j = 0; j < k; j++)
                Convolution[j][channel] = taps[(channel * k) + j];
            for (int j = 0; j < n; j++)
                Decay[j][channel] = -MathF.Exp(decayLog[(channel * n) + j]);
        }
        checkpoint.Get(TensorNames.Skip(layer), i).ToSingles().CopyTo(Skip.Row(0));

        OutputProjection = checkpoint.Projection(TensorNames.OutputProjection(layer), h, i);
        OutputProjectionBias = config.ProjectionBias ? checkpoint.Get(TensorNames.OutputProjectionBias(layer), h).ToSingles() : [];
        MlpNorm = checkpoint.Get(TensorNames.MlpNorm(layer), h).ToSingles();
        MlpGate = checkpoint.Projection(TensorNames.MlpGate(layer), f, h);
        MlpUp = checkpoint.Projection(TensorNames.MlpUp(layer), f, h);
        MlpDown = checkpoint.Projection(TensorNames.MlpDown(layer), h, f);
    }

    public float[] InputNorm { get; } // [H]

    public Projection InputProjection { get; } // [H + Hkv·Dk + Hkv·Dv + I + I, H]; a borrowing layer's lacks the two in the middle

    public float[] InputProjectionBias { get; } // as many, or none

    public float[] QueryNorm { get; } // [Hq · Dk], or none

    public float[] KeyNorm { get; } // [Hkv · Dk], or none

    public float[] AttentionNorm { get; } // [I]

    public Matrix Convolution { get; } // [K, I]

    public float[] ConvolutionBias { get; } // [I]

    public Projection SsmProjection { get; } // [R + 2N, I]

    public float[] TimeStepNorm { get; } // [R], or none

    public float[] InputMatrixNorm { get; } // [N], or none

    public float[] OutputMatrixNorm { get; } // [N], or none

    public Projection TimeStepProjection { get; } // [I, R]

    public float[] TimeStepBias { get; } // [I]

    public Matrix Decay { get; } // A = −exp(A_log), [N, I]

    public Matrix Skip { get; } // D, [1, I]

    public float[] SsmNorm { get; } // [I]

    public Projection OutputProjection { get; } // [H, I]

    public float[] OutputProjectionBias { get; } // [H], or none

    public float[] MlpNorm { get; } // [H]

    public Projection MlpGate { get; } // [F, H]

    public Projection MlpUp { get; } // [F, H]

    public Projection MlpDown { get; } // [H, F]

    public long MatrixBytes => Matrices.Sum(matrix => matrix.Bytes);

    public int MaxRank => Matrices.Max(matrix => matrix.MaxRank);

    public long MatrixOperations => Matrices.Sum(matrix => matrix.Operations);

    private Projection[] Matrices => [InputProjection, SsmProjection, TimeStepProjection, OutputProjection, MlpGate, MlpUp, MlpDown];

    public void Dispose() => _channels.Dispose();

    /// <summary>The gains of every head in a row: one set repeated for "rms", a set for each head for "perhead-rms".</summary>
    private static float[] HeadNorm(AdaptedCheckpoint checkpoint, HymbaConfig config, string name, int heads)
    {
        switch (config.KeyQueryNorm)
        {
            case KeyQueryNorm.Rms:
                float[] gains = checkpoint.Get(name, config.KeyHeadSize).ToSingles();
                return [.. Enumerable.Repeat(gains, heads).SelectMany(head => head)];
            case KeyQueryNorm.PerHeadRms:
                return checkpoint.Get(name, 1, heads, 1, config.KeyHeadSize).ToSingles();
            default:
                return [];
        }
    }
}
