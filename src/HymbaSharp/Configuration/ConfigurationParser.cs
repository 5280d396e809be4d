using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using HymbaSharp.Weights;

namespace HymbaSharp.Configuration;

/// <summary>
/// From the keys of a <c>config.json</c> to a checked <see cref="HymbaConfig"/>. The upper bounds are far above any model and low
/// enough that every product of sizes fits: rows and per-layer state in an int, parameters and bytes in a long.
/// </summary>
internal static class ConfigurationParser
{
    private const int MostHidden = 1 << 17;
    private const int MostInner = 1 << 18;
    private const int MostIntermediate = 1 << 20;
    private const int MostLayers = 1 << 12;
    private const int MostState = 1 << 12;
    private const int MostTaps = 1 << 6;
    private const int MostMetaTokens = 1 << 20;
    private const int MostVocabulary = 1 << 24;
    private const int MostPositions = 1 << 30;

    public static HymbaConfig Parse(ConfigurationKeys keys)
    {
        RefuseOtherModels(keys);

        int hidden = keys.Integer("hidden_size", 1, MostHidden);
        int inner = hidden * keys.Integer("mamba_expand", 1, MostInner / hidden);
        int layers = keys.Integer("num_hidden_layers", 1, MostLayers);
        int vocabulary = keys.Integer("vocab_size", 1, MostVocabulary);
        int positions = keys.Integer("max_position_embeddings", 1, MostPositions);
        int? originalPositions = keys.OptionalInteger("orig_max_position_embeddings", 1, MostPositions);
        int heads = Heads(keys, "num_attention_heads", hidden, "a divisor of hidden_size");
        int keyValueHeads = Heads(keys, "num_key_value_heads", heads, "a divisor of num_attention_heads");
        var globalLayers = GlobalLayers(keys, layers);
        var rope = Rope(keys, hidden / heads, positions, originalPositions);
        CheckLayers(keys, layers, inner, inner / heads);

        keys.Ignore(
            "architectures", "auto_map", "_name_or_path", "transformers_version", // provenance
            "attn_implementation", "attn_implementation_new", "use_mamba_kernels", "use_cache", "seq_length",
            "calc_logits_for_entire_prompt", // how the original runs, not what it computes
            "attention_dropout", "output_router_logits", "router_aux_loss_coef", "num_experts_per_tok"); // nothing with one expert, or training only

        return new HymbaConfig
        {
            HiddenSize = hidden,
            InnerSize = inner,
            IntermediateSize = keys.Integer("intermediate_size", 1, MostIntermediate),
            LayerCount = layers,
            AttentionHeads = heads,
            KeyValueHeads = keyValueHeads,
            KeyHeadSize = hidden / heads,
            ValueHeadSize = inner / heads,
            StateSize = keys.Integer("mamba_d_state", 1, MostState),
            TimeStepRank = TimeStepRank(keys, hidden),
            ConvolutionWidth = keys.Integer("mamba_d_conv", 1, MostTaps),
            MetaTokens = keys.Integer("num_memory_tokens", 0, MostMetaTokens),
            SlidingWindow = SlidingWindow(keys, allGlobal: globalLayers.Length == layers),
            GlobalLayers = globalLayers,
            VocabularySize = vocabulary,
            NormEpsilon = (float)(keys.OptionalPositive("rms_norm_eps", single: true) ?? throw keys.Refuse("rms_norm_eps", "a finite number above 0")),
            InnerNorms = keys.Flag("mamba_inner_layernorms"),
            ProjectionBias = keys.Flag("mamba_proj_bias"),
            ConvolutionBias = keys.Flag("mamba_conv_bias"),
            TiedEmbeddings = keys.Flag("tie_word_embeddings"),
            Rope = rope.Type,
            RopeTheta = rope.Theta,
            MaxPositions = positions,
            OriginalMaxPositions = originalPositions,
            KeyQueryNorm = ReadKeyQueryNorm(keys),
            BosTokenId = keys.OptionalInteger("bos_token_id", 0, vocabulary - 1),
            EosTokenIds = EosTokenIds(keys, vocabulary),
            PadTokenId = keys.OptionalInteger("pad_token_id", 0, vocabulary - 1),
            InitializerRange = (float)(keys.OptionalPositive("initializer_range", single: true) ?? 0.02),
            KeyValueOwners = KeyValueOwners(keys, layers),
            StoredType = StoredType(keys),
            Quantization = Quantization(keys),
            UnknownKeys = keys.NotAsked,
        };
    }

    /// <summary>What the original can also be told to do and this library does not compute: refused, never computed wrongly.</summary>
    private static void RefuseOtherModels(ConfigurationKeys keys)
    {
        if (keys.OptionalText("model_type") is not "hymba")
            throw keys.Refuse("model_type", "\"hymba\"");
        // The first is the MLP's activation, the second the convolution's and the gate's.
        foreach (string key in (string[])["mlp_hidden_act", "hidden_act"])
        {
            if (keys.OptionalText(key) is not (null or "silu"))
                throw keys.Refuse(key, "\"silu\"");
        }
        _ = keys.OptionalInteger("num_experts", 1, 1);
        _ = keys.OptionalInteger("num_mamba", 1, 1);
        if (keys.OptionalFlag("kv_weight_reuse") is true)
            throw keys.Refuse("kv_weight_reuse", "false");
        _ = keys.OptionalInteger("memory_tokens_interspersed_every", int.MinValue, 0);
        _ = keys.OptionalInteger("attn_hidden_size", int.MinValue, 0);
        _ = keys.OptionalInteger("kq_head_dim", int.MinValue, 0);
    }

    private static int Heads(ConfigurationKeys keys, string key, int whole, string supported)
    {
        int heads = keys.Integer(key, 1, MostHidden);
        return whole % heads == 0 ? heads : throw keys.Refuse(key, $"{supported}, {whole}");
    }

    private static int TimeStepRank(ConfigurationKeys keys, int hidden)
    {
        if (keys.Value("mamba_dt_rank") is { ValueKind: JsonValueKind.String } value)
            return ConfigurationKeys.Text(value) == "auto" ? (hidden + 15) / 16 : throw keys.Refuse("mamba_dt_rank", "\"auto\" or an integer");
        return keys.Integer("mamba_dt_rank", 1, MostHidden);
    }

    private static ImmutableArray<int> GlobalLayers(ConfigurationKeys keys, int layers)
    {
        const string Key = "global_attn_idx";
        var listed = keys.OptionalIntegers(Key, 0, layers - 1) ?? throw keys.Refuse(Key, "a list of layers");
        ImmutableArray<int> sorted = [.. listed.Distinct().Order()];
        return sorted.Length == listed.Length ? sorted : throw keys.Refuse(Key, "a list that names each layer once");
    }

    private static int SlidingWindow(ConfigurationKeys keys, bool allGlobal)
    {
        int? window = keys.OptionalInteger("sliding_window", 1, MostPositions);
        if (window is null && !allGlobal)
            throw keys.Refuse("sliding_window", "an integer, unless global_attn_idx lists every layer");
        return window ?? 0;
    }

    private static (RopeType Type, double Theta) Rope(ConfigurationKeys keys, int keyHeadSize, int positions, int? originalPositions)
    {
        const string Key = "rope_type";
        bool rotates = keys.Flag("rope");
        double? theta = keys.OptionalPositive("rope_theta");
        var type = keys.OptionalText(Key) switch
        {
            null or "default" => RopeType.Default,
            "ntk" => RopeType.Ntk,
            "dynamic_ntk" => RopeType.DynamicNtk,
            _ => throw keys.Refuse(Key, "null, \"default\", \"ntk\", \"dynamic_ntk\""),
        };
        if (!rotates)
            return (RopeType.None, 0);
        if (theta is null)
            throw keys.Refuse("rope_theta", "a finite number above 0");
        if (keyHeadSize % 2 != 0)
            throw keys.Refuse("num_attention_heads", $"with rope, heads of even width; hidden_size gives them {keyHeadSize}");
        if (type == RopeType.Default)
            return (type, theta.Value);
        if (originalPositions is null)
            throw keys.Refuse("orig_max_position_embeddings", $"with this {Key}, an integer");
        // The exponent of the stretched base is Dk / (Dk − 2).
        if (keyHeadSize == 2)
            throw keys.Refuse(Key, "null or \"default\" where query heads are 2 wide");
        double stretch = (2.0 * positions / originalPositions.Value) - 1;
        if (type == RopeType.Ntk && stretch <= 0)
            throw keys.Refuse("orig_max_position_embeddings", $"with rope_type \"ntk\", below twice max_position_embeddings, {positions}");
        if (type == RopeType.Ntk && !double.IsFinite(theta.Value * Math.Pow(stretch, keyHeadSize / (keyHeadSize - 2.0))))
            throw keys.Refuse("rope_theta", "with rope_type \"ntk\", a number that stays finite when stretched");
        return (type, theta.Value);
    }

    private static KeyQueryNorm ReadKeyQueryNorm(ConfigurationKeys keys) => keys.OptionalText("kq_norm") switch
    {
        null or "none" => KeyQueryNorm.None,
        "rms" => KeyQueryNorm.Rms,
        "perhead-rms" => KeyQueryNorm.PerHeadRms,
        _ => throw keys.Refuse("kq_norm", "\"none\", \"rms\", \"perhead-rms\""),
    };

    private static ImmutableArray<int> EosTokenIds(ConfigurationKeys keys, int vocabulary)
    {
        const string Key = "eos_token_id";
        if (keys.Value(Key) is { ValueKind: JsonValueKind.Array })
            return keys.OptionalIntegers(Key, 0, vocabulary - 1)!.Value;
        return keys.OptionalInteger(Key, 0, vocabulary - 1) is { } id ? [id] : [];
    }

    private static ImmutableArray<int> KeyValueOwners(ConfigurationKeys keys, int layers)
    {
        const string Every = "kv_reuse_every_i_layer";
        const string Groups = "kv_reuse_group";
        int every = keys.OptionalInteger(Every, int.MinValue, int.MaxValue) ?? 0;
        var groups = keys.Value(Groups);
        if (groups is { ValueKind: not JsonValueKind.Array })
            throw keys.Refuse(Groups, "null or a list of lists of layers");
        bool grouped = groups is { } list && list.GetArrayLength() > 0;
        if (grouped && every > 0)
            throw keys.Refuse(Every, $"no number above 0 beside a {Groups}");

        // Layer i borrows from layer i − 1 unless e divides i, so the chain ends at the last multiple of e.
        if (!grouped)
            return [.. Enumerable.Range(0, layers).Select(layer => every > 0 ? layer - (layer % every) : layer)];

        int[] owners = new int[layers];
        Array.Fill(owners, -1);
        foreach (var group in groups!.Value.EnumerateArray())
        {
            if (group.ValueKind != JsonValueKind.Array || group.GetArrayLength() == 0)
                throw keys.Refuse(Groups, "a list of lists of layers, none empty");
            int owner = -1, previous = -1;
            foreach (var element in group.EnumerateArray())
            {
                if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out int layer) || layer < 0 || layer >= layers)
                    throw keys.Refuse(Groups, $"lists of layers from 0 to {layers - 1}");
                if (layer <= previous || owners[layer] >= 0)
                    throw keys.Refuse(Groups, $"each layer at most once and ascending, the owner first; layer {layer} is not");
                owner = owner < 0 ? layer : owner;
                owners[layer] = owner;
                previous = layer;
            }
        }
        return [.. owners.Select((owner, layer) => owner < 0 ? layer : owner)];
    }

    /// <summary>Keys that repeat per layer, or as a head's width, what the sizes already say.</summary>
    private static void CheckLayers(ConfigurationKeys keys, int layers, int inner, int valueHeadSize)
    {
        if (keys.Value("layer_type") is { } types
            && !(types.ValueKind == JsonValueKind.Array && types.GetArrayLength() == layers
                && types.EnumerateArray().All(type => ConfigurationKeys.Text(type) == "h")))
        {
            throw keys.Refuse("layer_type", $"\"h\" for each of the {layers} layers");
        }
        if (keys.Value("conv_dim") is { } widths
            && !(widths.ValueKind == JsonValueKind.Object && widths.GetPropertyCount() == layers
                && Enumerable.Range(0, layers).All(layer => IsWidth(widths, layer, inner))))
        {
            throw keys.Refuse("conv_dim", $"{inner} (mamba_expand · hidden_size) for each of the layers \"0\" to \"{layers - 1}\"");
        }
        _ = keys.OptionalInteger("v_head_dim", valueHeadSize, valueHeadSize);
    }

    private static bool IsWidth(JsonElement widths, int layer, int inner) =>
        widths.TryGetProperty(layer.ToString(CultureInfo.InvariantCulture), out var width)
        && width.ValueKind == JsonValueKind.Number && width.TryGetInt32(out int value) && value == inner;

    private static QuantizationScheme? Quantization(ConfigurationKeys keys)
    {
        if (keys.Value(QuantizationKeys.Section) is not { } section)
            return null;
        bool isObject = section.ValueKind == JsonValueKind.Object;
        string? method = isObject && section.TryGetProperty(QuantizationKeys.Method, out var named) ? ConfigurationKeys.Text(named) : null;
        string? scheme = isObject && section.TryGetProperty(QuantizationKeys.Scheme, out var chosen) ? ConfigurationKeys.Text(chosen) : null;
        bool isVersion = isObject && section.TryGetProperty(QuantizationKeys.Version, out var version)
            && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) && number == QuantizationKeys.CurrentVersion;
        return method == QuantizationKeys.OwnMethod && isVersion && scheme is not null && QuantizationSchemes.Parse(scheme) is { } known
            ? known
            : throw keys.Refuse(
                QuantizationKeys.Section,
                $"{QuantizationKeys.Method} \"{QuantizationKeys.OwnMethod}\", {QuantizationKeys.Version} {QuantizationKeys.CurrentVersion}, {QuantizationKeys.Scheme} {string.Join(" or ", QuantizationSchemes.Names)}");
    }

    private static string? StoredType(ConfigurationKeys keys)
    {
        // Newer writers call the key dtype.
        string? named = keys.OptionalText("torch_dtype");
        string? renamed = keys.OptionalText("dtype");
        return named is null || renamed is null || named == renamed ? named ?? renamed : throw keys.Refuse("dtype", $"the value of torch_dtype, \"{named}\"");
    }
}
