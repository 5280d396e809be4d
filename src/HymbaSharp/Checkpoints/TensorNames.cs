using HymbaSharp.Configuration;

namespace HymbaSharp.Checkpoints;

/// <summary>The one table of tensor names of the published checkpoint layout. Matrices are <c>[out, in]</c>, row-major.</summary>
public static class TensorNames
{
    /// <summary>Token embedding [V, H].</summary>
    public const string TokenEmbedding = "model.embed_tokens.weight";

    /// <summary>Meta tokens [M, H].</summary>
    public const string MetaTokens = "model.memory_tokens";

    /// <summary>Norm before the output matrix [H].</summary>
    public const string FinalNorm = "model.final_layernorm.weight";

    /// <summary>Output matrix [V, H]; absent where the embeddings are tied.</summary>
    public const string OutputMatrix = "lm_head.weight";

    /// <summary>Norm before the mixer [H].</summary>
    public static string InputNorm(int layer) => Layer(layer, "input_layernorm.weight");

    /// <summary>Norm before the MLP [H].</summary>
    public static string MlpNorm(int layer) => Layer(layer, "pre_moe_layernorm.weight");

    /// <summary>MLP gate [F, H].</summary>
    public static string MlpGate(int layer) => Layer(layer, "moe.experts.0.gate_proj.weight");

    /// <summary>MLP up [F, H].</summary>
    public static string MlpUp(int layer) => Layer(layer, "moe.experts.0.up_proj.weight");

    /// <summary>MLP down [H, F].</summary>
    public static string MlpDown(int layer) => Layer(layer, "moe.experts.0.down_proj.weight");

    /// <summary>Mixer input: rows of q, k, v, SSM input, gate [H + Hkv·Dk + Hkv·Dv + I + I, H]; no k and v in a borrowing layer.</summary>
    public static string InputProjection(int layer) => Mixer(layer, "in_proj.weight");

    /// <summary>Bias of the mixer input, where there is one.</summary>
    public static string InputProjectionBias(int layer) => Mixer(layer, "in_proj.bias");

    /// <summary>Mixer output [H, I].</summary>
    public static string OutputProjection(int layer) => Mixer(layer, "out_proj.weight");

    /// <summary>Bias of the mixer output [H], where there is one.</summary>
    public static string OutputProjectionBias(int layer) => Mixer(layer, "out_proj.bias");

    /// <summary>Norm of the attention branch [I].</summary>
    public static string AttentionNorm(int layer) => Mixer(layer, "pre_avg_layernorm1.weight");

    /// <summary>Norm of the SSM branch [I].</summary>
    public static string SsmNorm(int layer) => Mixer(layer, "pre_avg_layernorm2.weight");

    /// <summary>Norm of the queries: [Dk], or [1, Hq, 1, Dk] per head.</summary>
    public static string QueryNorm(int layer) => Mixer(layer, "self_attn.q_norm.weight");

    /// <summary>Norm of the keys: [Dk], or [1, Hkv, 1, Dk] per head; in layers that own keys.</summary>
    public static string KeyNorm(int layer) => Mixer(layer, "self_attn.k_norm.weight");

    /// <summary>Causal convolution [I, 1, K].</summary>
    public static string Convolution(int layer) => Mixer(layer, "conv1d.weight");

    /// <summary>Bias of the convolution [I], where there is one.</summary>
    public static string ConvolutionBias(int layer) => Mixer(layer, "conv1d.bias");

    /// <summary>SSM parameters from its input: rows of dt, B, C [R + 2N, I].</summary>
    public static string SsmProjection(int layer) => Mixer(layer, "x_proj.0.weight");

    /// <summary>Time step per channel from its low rank [I, R].</summary>
    public static string TimeStepProjection(int layer) => Mixer(layer, "dt_proj.0.weight");

    /// <summary>Bias of the time step [I].</summary>
    public static string TimeStepBias(int layer) => Mixer(layer, "dt_proj.0.bias");

    /// <summary>Logarithm of the state's decay, −A [I, N].</summary>
    public static string DecayLog(int layer) => Mixer(layer, "A_log.0");

    /// <summary>The SSM's skip connection [I].</summary>
    public static string Skip(int layer) => Mixer(layer, "D.0");

    /// <summary>Inner norm of dt [R].</summary>
    public static string TimeStepNorm(int layer) => Mixer(layer, "dt_layernorm.weight");

    /// <summary>Inner norm of B [N].</summary>
    public static string InputMatrixNorm(int layer) => Mixer(layer, "B_layernorm.weight");

    /// <summary>Inner norm of C [N].</summary>
    public static string OutputMatrixNorm(int layer) => Mixer(layer, "C_layernorm.weight");

    /// <summary>Every tensor that a checkpoint of the configuration must hold, in model order, with its shape.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Expected(HymbaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.HiddenSize, vocabulary = config.VocabularySize;
        yield return (TokenEmbedding, [vocabulary, hidden]);
        if (config.MetaTokens > 0)
            yield return (MetaTokens, [config.MetaTokens, hidden]);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            yield return (InputNorm(layer), [hidden]);
            foreach (var tensor in ExpectedMixer(config, layer))
                yield return tensor;
            yield return (MlpNorm(layer), [hidden]);
            yield return (MlpGate(layer), [config.IntermediateSize, hidden]);
            yield return (MlpUp(layer), [config.IntermediateSize, hidden]);
            yield return (MlpDown(layer), [hidden, config.IntermediateSize]);
        }
        yield return (FinalNorm, [hidden]);
        if (!config.TiedEmbeddings)
            yield return (OutputMatrix, [vocabulary, hidden]);
    }

    /// <summary>Whether a tensor is a matrix that rows of activations are multiplied by, or the embedding: one that can be quantised.</summary>
    internal static bool IsMatrix(string name) => name is TokenEmbedding or OutputMatrix || IsSsmMatrix(name)
        || MatrixEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>Whether a tensor is one of the two matrices that make the SSM's time step, input and output.</summary>
    internal static bool IsSsmMatrix(string name) =>
        name.EndsWith(".x_proj.0.weight", StringComparison.Ordinal) || name.EndsWith(".dt_proj.0.weight", StringComparison.Ordinal);

    /// <summary>Whether a tensor is the matrix that feeds a layer's heads, or the one that takes what they give.</summary>
    internal static bool IsHeadsMatrix(string name) =>
        name.EndsWith(".in_proj.weight", StringComparison.Ordinal) || name.EndsWith(".out_proj.weight", StringComparison.Ordinal);

    /// <summary>What the names of a layer's tensors begin with.</summary>
    internal static string LayerPrefix(int layer) => Layer(layer, "");

    private static readonly string[] MatrixEndings = [".in_proj.weight", ".out_proj.weight", ".gate_proj.weight", ".up_proj.weight", ".down_proj.weight"];

    /// <summary>Tensors that a checkpoint of the configuration may hold beside the expected ones; they are not used.</summary>
    internal static IEnumerable<string> Tolerated(HymbaConfig config)
    {
        if (config.TiedEmbeddings)
            yield return OutputMatrix;
        if (config.KeyQueryNorm != KeyQueryNorm.None)
        {
            foreach (int layer in Enumerable.Range(0, config.LayerCount).Where(layer => !config.OwnsKeyValues(layer)))
                yield return KeyNorm(layer);
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> ExpectedMixer(HymbaConfig config, int layer)
    {
        long hidden = config.HiddenSize, inner = config.InnerSize, state = config.StateSize, rank = config.TimeStepRank;
        long keyHead = config.KeyHeadSize;
        bool owns = config.OwnsKeyValues(layer);
        long projected = hidden + inner + inner + (owns ? config.KeyValueHeads * (keyHead + config.ValueHeadSize) : 0);

        yield return (InputProjection(layer), [projected, hidden]);
        if (config.ProjectionBias)
            yield return (InputProjectionBias(layer), [projected]);
        if (config.KeyQueryNorm != KeyQueryNorm.None)
        {
            bool perHead = config.KeyQueryNorm == KeyQueryNorm.PerHeadRms;
            yield return (QueryNorm(layer), perHead ? [1, config.AttentionHeads, 1, keyHead] : [keyHead]);
            if (owns)
                yield return (KeyNorm(layer), perHead ? [1, config.KeyValueHeads, 1, keyHead] : [keyHead]);
        }
        yield return (Convolution(layer), [inner, 1, config.ConvolutionWidth]);
        if (config.ConvolutionBias)
            yield return (ConvolutionBias(layer), [inner]);
        yield return (SsmProjection(layer), [rank + (2 * state), inner]);
        if (config.InnerNorms)
        {
            yield return (TimeStepNorm(layer), [rank]);
            yield return (InputMatrixNorm(layer), [state]);
            yield return (OutputMatrixNorm(layer), [state]);
        }
        yield return (TimeStepProjection(layer), [inner, rank]);
        yield return (TimeStepBias(layer), [inner]);
        yield return (DecayLog(layer), [inner, state]);
        yield return (Skip(layer), [inner]);
        yield return (AttentionNorm(layer), [inner]);
        yield return (SsmNorm(layer), [inner]);
        yield return (OutputProjection(layer), [hidden, inner]);
        if (config.ProjectionBias)
            yield return (OutputProjectionBias(layer), [hidden]);
    }

    private static string Layer(int layer, string name) => $"model.layers.{layer}.{name}";

    private static string Mixer(int layer, string name) => $"model.layers.{layer}.mamba.{name}";
}
