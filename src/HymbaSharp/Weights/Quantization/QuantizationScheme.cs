using HymbaSharp.Checkpoints;

namespace HymbaSharp.Weights;

/// <summary>A recipe by which a model's matrices are quantised; docs/quantization.md has the layout and the figures.</summary>
public enum QuantizationScheme
{
    /// <summary>Matrices in 8 bits: 8.25 bits a weight.</summary>
    Q8,

    /// <summary>Matrices in 4 bits, 4.5 bits a weight, the embedding and the logits' matrix in 8.</summary>
    Q4,
}

/// <summary>The section of config.json that says how a checkpoint is quantised.</summary>
internal static class QuantizationKeys
{
    public const string Section = "quantization_config";
    public const string Method = "quant_method";
    public const string OwnMethod = "hymbasharp";
    public const string Version = "version";
    public const string Scheme = "scheme";

    /// <summary>Of the layout and of the recipes.</summary>
    public const int CurrentVersion = 1;
}

/// <summary>What a scheme makes of each tensor, and its names.</summary>
internal static class QuantizationSchemes
{
    /// <summary>The names that files and options use.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<QuantizationScheme>().Select(Name)];

    public static string Name(this QuantizationScheme scheme) => scheme.ToString().ToLowerInvariant();

    public static QuantizationScheme? Parse(string name)
    {
        foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>())
        {
            if (scheme.Name() == name)
                return scheme;
        }
        return null;
    }

    /// <summary>The type of each tensor by its name.</summary>
    public static Func<string, WeightType?> Recipe(this QuantizationScheme scheme) => tensor => scheme.TypeOf(tensor);

    /// <summary>
    /// The type a tensor gets; null: it stays as it is. The matrices that make the state's time steps and inputs are small and feed a recurrence
    /// that adds errors up, so they stay.
    /// </summary>
    public static WeightType? TypeOf(this QuantizationScheme scheme, string tensor)
    {
        if (!TensorNames.IsMatrix(tensor) || TensorNames.IsSsmMatrix(tensor))
            return null;
        bool isVocabulary = tensor is TensorNames.TokenEmbedding or TensorNames.OutputMatrix;
        return scheme == QuantizationScheme.Q4 && !isVocabulary ? WeightType.Q4 : WeightType.Q8;
    }
}
