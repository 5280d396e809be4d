using System.Collections.Immutable;
using HymbaSharp.Checkpoints;
using HymbaSharp.Weights;

namespace HymbaSharp.Configuration;

/// <summary>
/// What a checkpoint's <c>config.json</c> says about its model, with every size derived and checked: an instance describes a model
/// that this library computes. The symbols in parentheses are those of the paper (arXiv 2411.13676) and of this library's code.
/// </summary>
public sealed record HymbaConfig
{
    /// <summary>The name of the file in a checkpoint's folder.</summary>
    public const string FileName = "config.json";

    private const int LargestFile = 16 << 20;

    internal HymbaConfig()
    {
    }

    /// <summary>H: width of the residual stream (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; internal init; }

    /// <summary>I = <c>mamba_expand</c> · H: SSM channels, and the width of the attention branch's result.</summary>
    public int InnerSize { get; internal init; }

    /// <summary>F: width of the MLP (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; internal init; }

    /// <summary>Number of layers (<c>num_hidden_layers</c>).</summary>
    public int LayerCount { get; internal init; }

    /// <summary>Hq: query heads per layer (<c>num_attention_heads</c>).</summary>
    public int AttentionHeads { get; internal init; }

    /// <summary>Hkv: key/value heads per layer, a divisor of Hq (<c>num_key_value_heads</c>).</summary>
    public int KeyValueHeads { get; internal init; }

    /// <summary>Dk = H / Hq: width of a query or key head.</summary>
    public int KeyHeadSize { get; internal init; }

    /// <summary>Dv = I / Hq: width of a value head (<c>v_head_dim</c>).</summary>
    public int ValueHeadSize { get; internal init; }

    /// <summary>N: SSM state per channel (<c>mamba_d_state</c>).</summary>
    public int StateSize { get; internal init; }

    /// <summary>R: rank of the SSM's time-step projection (<c>mamba_dt_rank</c>; "auto" is ceil(H / 16)).</summary>
    public int TimeStepRank { get; internal init; }

    /// <summary>K: taps of the causal convolution (<c>mamba_d_conv</c>).</summary>
    public int ConvolutionWidth { get; internal init; }

    /// <summary>M: learned meta tokens before every sequence, possibly none (<c>num_memory_tokens</c>).</summary>
    public int MetaTokens { get; internal init; }

    /// <summary>
    /// W: in a window layer a query sees itself, the W positions before it and all meta tokens (<c>sliding_window</c>).
    /// 0 where the configuration gives none, which is allowed only when every layer is global.
    /// </summary>
    public int SlidingWindow { get; internal init; }

    /// <summary>G: the layers with full attention, ascending (<c>global_attn_idx</c>).</summary>
    public ImmutableArray<int> GlobalLayers { get; internal init; }

    /// <summary>V: number of token ids (<c>vocab_size</c>).</summary>
    public int VocabularySize { get; internal init; }

    /// <summary>What every RMSNorm adds to the mean square (<c>rms_norm_eps</c>).</summary>
    public float NormEpsilon { get; internal init; }

    /// <summary>Whether dt, B and C of the SSM each pass a norm (<c>mamba_inner_layernorms</c>).</summary>
    public bool InnerNorms { get; internal init; }

    /// <summary>Whether in_proj and out_proj have biases (<c>mamba_proj_bias</c>).</summary>
    public bool ProjectionBias { get; internal init; }

    /// <summary>Whether the causal convolution has a bias (<c>mamba_conv_bias</c>).</summary>
    public bool ConvolutionBias { get; internal init; }

    /// <summary>Whether the token embedding also serves as the output matrix (<c>tie_word_embeddings</c>).</summary>
    public bool TiedEmbeddings { get; internal init; }

    /// <summary>How queries and keys are rotated (<c>rope</c>, <c>rope_type</c>).</summary>
    public RopeType Rope { get; internal init; }

    /// <summary>The rotation's base before any stretching (<c>rope_theta</c>); 0 without rotation.</summary>
    public double RopeTheta { get; internal init; }

    /// <summary>The length the model is meant for, meta tokens included (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; internal init; }

    /// <summary>The length before the base was stretched (<c>orig_max_position_embeddings</c>); given whenever NTK is.</summary>
    public int? OriginalMaxPositions { get; internal init; }

    /// <summary>The norm on queries and keys (<c>kq_norm</c>).</summary>
    public KeyQueryNorm KeyQueryNorm { get; internal init; }

    /// <summary>The token that opens a text (<c>bos_token_id</c>).</summary>
    public int? BosTokenId { get; internal init; }

    /// <summary>The tokens that end a text (<c>eos_token_id</c>, a number or a list), possibly none.</summary>
    public ImmutableArray<int> EosTokenIds { get; internal init; }

    /// <summary>The token that pads (<c>pad_token_id</c>). Inference needs none.</summary>
    public int? PadTokenId { get; internal init; }

    /// <summary>Standard deviation of freshly initialised matrices (<c>initializer_range</c>, 0.02 where absent).</summary>
    public float InitializerRange { get; internal init; }

    /// <summary>
    /// For every layer the layer whose keys and values it attends over: itself where it owns them. Always an owner, never a layer
    /// that borrows in turn (<c>kv_reuse_group</c> or <c>kv_reuse_every_i_layer</c>).
    /// </summary>
    public ImmutableArray<int> KeyValueOwners { get; internal init; }

    /// <summary>The type the weights are said to be stored in, as given (<c>torch_dtype</c> or <c>dtype</c>). The checkpoint's tensors decide.</summary>
    public string? StoredType { get; internal init; }

    /// <summary>The recipe its matrices were quantised by (<c>quantization_config</c>), or null.</summary>
    public QuantizationScheme? Quantization { get; internal init; }

    /// <summary>Keys this library does not know, in the order of the file. They are not acted upon.</summary>
    public ImmutableArray<string> UnknownKeys { get; internal init; }

    /// <summary>The number of learned values in a checkpoint of this configuration.</summary>
    public long ParameterCount => TensorNames.Expected(this).Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size));

    /// <summary>Whether the layer attends over the whole sequence rather than a window.</summary>
    public bool IsGlobal(int layer) => GlobalLayers.Contains(layer);

    /// <summary>Whether the layer computes keys and values of its own.</summary>
    public bool OwnsKeyValues(int layer) => KeyValueOwners[layer] == layer;

    /// <summary>Reads a configuration from a file, or from <c>config.json</c> in a folder.</summary>
    /// <exception cref="HymbaConfigException">The file cannot be read, contradicts itself or asks for what is not supported.</exception>
    public static HymbaConfig Load(string path)
    {
        string file = FileAt(path);
        return Parse(ReadFile(file), file);
    }

    /// <summary>Reads a configuration from the bytes of a <c>config.json</c>.</summary>
    /// <param name="utf8Json">The JSON text.</param>
    /// <param name="source">What errors call it, usually the file's path.</param>
    /// <exception cref="HymbaConfigException">The configuration contradicts itself or asks for what is not supported.</exception>
    public static HymbaConfig Parse(ReadOnlySpan<byte> utf8Json, string source) =>
        ConfigurationParser.Parse(new ConfigurationKeys(utf8Json, source));

    /// <summary>The configuration's file at a path that may be its folder.</summary>
    internal static string FileAt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) ? Path.Combine(path, FileName) : path;
    }

    internal static byte[] ReadFile(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.Length > LargestFile)
                throw new HymbaConfigException($"{file}: {stream.Length} bytes; a configuration has at most {LargestFile}.");
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new HymbaConfigException($"{file}: cannot be read: {error.Message}", error);
        }
    }
}
