using HymbaSharp.Adapters;
using HymbaSharp.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp;

/// <summary>How a model is opened.</summary>
public sealed record HymbaModelOptions
{
    /// <summary>The most rows a step can be given room for.</summary>
    public const int MaxPrefillRows = 4096;

    /// <summary>The longest context that can be asked for.</summary>
    public const int MaxContextLength = 1 << 24;

    /// <summary>Threads that compute, 1 … 1024; null: one for each processor.</summary>
    public int? Threads { get; init; }

    /// <summary>The most tokens of a sequence, prompt and reply together, 1 … 16 777 216; null: the configuration's <c>max_position_embeddings</c>, as far as allowed.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Rows computed in one step while a prompt is read, 1 … 4096; null: 512. More take more memory, 150 KB each at 1.5B.</summary>
    public int? PrefillRows { get; init; }

    /// <summary>The kernels; null: the widest of the machine, or what HYMBASHARP_KERNELS names.</summary>
    public KernelPath? KernelPath { get; init; }

    /// <summary>Whether the meta state and the fingerprint are kept in the user's cache folder, so that the model opens at once the next time.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>That folder; null: named by HYMBASHARP_CACHE, else the platform's cache folder.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// Adapters in PEFT's layout, LoRA or DoRA, applied in this order without changing the weights (docs/adapters.md). Default: none.
    /// </summary>
    public IReadOnlyList<AdapterReference> Adapters { get; init; } = [];

    /// <summary>Quantises the matrices that are stored as floats while the model is opened; null: not. A folder written by <c>hymba quantize</c> opens faster.</summary>
    public QuantizationScheme? Quantization { get; init; }

    /// <summary>What keys and values of past positions are kept in. Default F32.</summary>
    public KeyValueType KeyValueType { get; init; }

    /// <summary>For experiments, in place of a scheme: the type each tensor gets, null as it is stored.</summary>
    internal Func<string, WeightType?>? Recipe { get; init; }

    /// <summary>For experiments, beside <see cref="Recipe"/>.</summary>
    internal Calibration? Calibration { get; init; }

    internal void Validate()
    {
        Check(nameof(Threads), Threads, 1024);
        Check(nameof(ContextLength), ContextLength, MaxContextLength);
        Check(nameof(PrefillRows), PrefillRows, MaxPrefillRows);
        if (!Enum.IsDefined(KeyValueType))
            throw new ModelOptionsException($"KeyValueType is {KeyValueType}; allowed are {string.Join(", ", Enum.GetNames<KeyValueType>())}.");
        if (KernelPath is { } path && !KernelPaths.Available.Contains(path))
            throw new ModelOptionsException($"KernelPath is {path}; this machine has: {string.Join(", ", KernelPaths.Available)}.");
    }

    private static void Check(string name, int? value, int most)
    {
        if (value is < 1 || value > most)
            throw new ModelOptionsException($"{name} is {value}; allowed are 1 to {most}.");
    }
}

/// <summary>An option of <see cref="HymbaModelOptions"/> lies outside what is allowed.</summary>
public sealed class ModelOptionsException : HymbaException
{
    internal ModelOptionsException(string message) : base(message)
    {
    }
}
