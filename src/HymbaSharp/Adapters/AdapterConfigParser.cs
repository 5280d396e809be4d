using System.Collections.Immutable;
using System.Text.Json;
using HymbaSharp.Configuration;

namespace HymbaSharp.Adapters;

/// <summary>From the keys of an <c>adapter_config.json</c> to an <see cref="AdapterConfig"/>. What would change the result and isn't computed is refused.</summary>
internal static class AdapterConfigParser
{
    private const int MostRank = 1 << 14;

    public static AdapterConfig Parse(ConfigurationKeys keys, string source)
    {
        RefuseOtherMethods(keys);
        keys.Ignore(
            "task_type", "auto_mapping", "inference_mode", "revision", "peft_version", // provenance
            "layers_pattern", "megatron_core", "qalora_group_size", "ensure_weight_tying", // nothing without the keys refused
            "loftq_config", "corda_config", "eva_config", "lora_ga_config"); // how training began
        AdapterConfig config = new()
        {
            Rank = keys.Integer("r", 1, MostRank),
            Alpha = keys.OptionalPositive("lora_alpha") ?? throw keys.Refuse("lora_alpha", "a finite number above 0"),
            RankStabilised = keys.OptionalFlag("use_rslora") ?? false,
            Dora = keys.OptionalFlag("use_dora") ?? false,
            TargetModules = Selection(keys, "target_modules", source),
            ExcludedModules = Selection(keys, "exclude_modules", source),
            RankPattern = Pattern<int>(keys, "rank_pattern", source, $"an object of integers from 1 to {MostRank}",
                value => value.TryGetInt32(out int rank) && rank is >= 1 and <= MostRank ? rank : null),
            AlphaPattern = Pattern<double>(keys, "alpha_pattern", source, "an object of finite numbers above 0",
                value => value.TryGetDouble(out double alpha) && alpha > 0 && double.IsFinite(alpha) ? alpha : null),
            ModulesToSave = Names(keys, "modules_to_save") ?? [],
            BaseModel = keys.OptionalText("base_model_name_or_path"),
            Dropout = keys.Value("lora_dropout") is { ValueKind: JsonValueKind.Number } dropout ? dropout.GetDouble() : 0,
        };
        foreach (string key in keys.NotAsked)
        {
            if (!IsOff(keys.Value(key)))
                throw keys.Refuse(key, "null or false: this library doesn't know the key");
        }
        return config;
    }

    private static void RefuseOtherMethods(ConfigurationKeys keys)
    {
        if (keys.OptionalText("peft_type") is not "LORA")
            throw keys.Refuse("peft_type", "\"LORA\"");
        if (keys.OptionalText("bias") is not (null or "none"))
            throw keys.Refuse("bias", "\"none\"");
        foreach (string key in (string[])["fan_in_fan_out", "lora_bias"])
        {
            if (keys.OptionalFlag(key) is true)
                throw keys.Refuse(key, "false");
        }
        if (!IsOff(keys.Value("layers_to_transform")))
            throw keys.Refuse("layers_to_transform", "null; target_modules can name the modules of single layers");
        foreach (string key in (string[])["layer_replication", "target_parameters", "trainable_token_indices", "megatron_config"])
        {
            if (!IsOff(keys.Value(key)))
                throw keys.Refuse(key, "null");
        }
        // The others change the base weights, and the adapter holds the difference to those.
        if (keys.Value("init_lora_weights") is { } start
            && start.ValueKind is not (JsonValueKind.True or JsonValueKind.False)
            && ConfigurationKeys.Text(start) is not ("gaussian" or "orthogonal" or "eva"))
            throw keys.Refuse("init_lora_weights", "true, false, \"gaussian\", \"orthogonal\", \"eva\"");
    }

    private static ModuleSelection Selection(ConfigurationKeys keys, string key, string source)
    {
        if (keys.Value(key) is { ValueKind: JsonValueKind.String })
            return ModuleSelection.Of($"{source}: {key}", keys.OptionalText(key)!);
        return Names(keys, key) is { IsEmpty: false } names ? ModuleSelection.Of(names) : ModuleSelection.None;
    }

    private static ImmutableArray<string>? Names(ConfigurationKeys keys, string key)
    {
        const string Supported = "a list of names of modules";
        if (keys.Value(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(name => ConfigurationKeys.Text(name) is { Length: > 0 } text ? text : throw keys.Refuse(key, Supported))]
            : throw keys.Refuse(key, Supported);
    }

    private static ImmutableArray<(ModulePattern, T)> Pattern<T>(ConfigurationKeys keys, string key, string source, string supported, Func<JsonElement, T?> read)
        where T : struct
    {
        if (keys.Value(key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Object)
            throw keys.Refuse(key, supported);
        return [.. value.EnumerateObject().Select(entry => (
            ModulePattern.OfEnd($"{source}: {key}", entry.Name),
            (entry.Value.ValueKind == JsonValueKind.Number ? read(entry.Value) : null) ?? throw keys.Refuse(key, supported)))];
    }

    private static bool IsOff(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.False } => true,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } map => map.GetPropertyCount() == 0,
        _ => false,
    };
}
