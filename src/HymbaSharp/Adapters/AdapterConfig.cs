using System.Collections.Immutable;
using System.Text.Json;
using HymbaSharp.Configuration;

namespace HymbaSharp.Adapters;

/// <summary>
/// What <c>adapter_config.json</c> says, in the layout of the PEFT library: LoRA (arXiv 2106.09685), its rank-stabilised scaling
/// (arXiv 2312.03732) and DoRA (arXiv 2402.09353).
/// </summary>
internal sealed record AdapterConfig
{
    /// <summary>The name of the configuration in an adapter's folder.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>r: rows of A, columns of B, where <see cref="RankPattern"/> says nothing else.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>alpha, where <see cref="AlphaPattern"/> says nothing else.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Whether alpha is divided by √r in place of r (<c>use_rslora</c>).</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Whether each row of a weight has a trained magnitude (<c>use_dora</c>).</summary>
    public bool Dora { get; init; }

    /// <summary>The modules that have A and B.</summary>
    public ModuleSelection TargetModules { get; init; } = ModuleSelection.None;

    /// <summary>Those of them that have not, after all.</summary>
    public ModuleSelection ExcludedModules { get; init; } = ModuleSelection.None;

    /// <summary>Other ranks, for the modules that a pattern matches; the first match counts.</summary>
    public ImmutableArray<(ModulePattern Pattern, int Rank)> RankPattern { get; init; } = [];

    /// <summary>Other alphas, likewise.</summary>
    public ImmutableArray<(ModulePattern Pattern, double Alpha)> AlphaPattern { get; init; } = [];

    /// <summary>Ends of the names of modules that the adapter holds whole.</summary>
    public ImmutableArray<string> ModulesToSave { get; init; } = [];

    /// <summary>The model the adapter was trained on, if it says so.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Dropout of A's input in training. Inference has none.</summary>
    public double Dropout { get; init; }

    /// <summary>Parses the bytes of an <c>adapter_config.json</c>.</summary>
    /// <exception cref="AdapterException">They are no JSON object, or ask for what is not supported.</exception>
    public static AdapterConfig Parse(ReadOnlySpan<byte> utf8Json, string source)
    {
        try
        {
            return AdapterConfigParser.Parse(new ConfigurationKeys(utf8Json, source), source);
        }
        catch (HymbaConfigException error)
        {
            throw new AdapterException(error.Message, error);
        }
    }

    /// <summary>Whether a module has A and B.</summary>
    public bool Targets(string module) => TargetModules.Contains(module) && !ExcludedModules.Contains(module);

    /// <summary>r of a module.</summary>
    public int RankOf(string module)
    {
        foreach ((ModulePattern pattern, int rank) in RankPattern)
        {
            if (pattern.Matches(module))
                return rank;
        }
        return Rank;
    }

    /// <summary>What B·A of a module is multiplied by: alpha / r, or alpha / √r.</summary>
    public double ScalingOf(string module)
    {
        int rank = RankOf(module);
        return AlphaOf(module) / (RankStabilised ? Math.Sqrt(rank) : rank);
    }

    /// <summary>The bytes of an <c>adapter_config.json</c> that says this.</summary>
    public byte[] ToJson()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("peft_type", "LORA");
            json.WriteString("task_type", "CAUSAL_LM");
            json.WriteString("base_model_name_or_path", BaseModel);
            json.WriteNumber("r", Rank);
            json.WriteNumber("lora_alpha", Alpha);
            json.WriteNumber("lora_dropout", Dropout);
            json.WriteString("bias", "none");
            json.WriteBoolean("use_rslora", RankStabilised);
            json.WriteBoolean("use_dora", Dora);
            json.WriteBoolean("fan_in_fan_out", false);
            json.WriteBoolean("init_lora_weights", true);
            json.WriteBoolean("inference_mode", true);
            Write(json, "target_modules", TargetModules);
            if (ExcludedModules != ModuleSelection.None)
                Write(json, "exclude_modules", ExcludedModules);
            json.WriteStartObject("rank_pattern");
            foreach ((ModulePattern pattern, int rank) in RankPattern)
                json.WriteNumber(pattern.Text, rank);
            json.WriteEndObject();
            json.WriteStartObject("alpha_pattern");
            foreach ((ModulePattern pattern, double alpha) in AlphaPattern)
                json.WriteNumber(pattern.Text, alpha);
            json.WriteEndObject();
            if (ModulesToSave.IsEmpty)
                json.WriteNull("modules_to_save");
            else
                Write(json, "modules_to_save", ModuleSelection.Of(ModulesToSave));
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private double AlphaOf(string module)
    {
        foreach ((ModulePattern pattern, double alpha) in AlphaPattern)
        {
            if (pattern.Matches(module))
                return alpha;
        }
        return Alpha;
    }

    private static void Write(Utf8JsonWriter json, string key, ModuleSelection selection)
    {
        if (selection.Text is { } text)
        {
            json.WriteString(key, text);
            return;
        }
        json.WriteStartArray(key);
        foreach (string name in selection.Names)
            json.WriteStringValue(name);
        json.WriteEndArray();
    }
}
