using HymbaSharp.Checkpoints;

namespace HymbaSharp.Weights;

/// <summary>A recipe by which a model's matrices are quantised; docs/quantization.md has the layout and the figures.</summary>
public enum QuantizationScheme
{
    /// <summary>Matrices in 8 bits, 8.25 bits a weight; those around the heads of the first and the last layer stay as they are.</summary>
    Q8,

    /// <summary>Matrices in 4 bits, 4.5 bits a weight; in 8 those around the heads of the first and the last layer, the SSM's two small ones, the embedding and the logits' matrix.</summary>
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
    public const int CurrentVersion = 2;
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

    /// <summary>
    /// The type that each tensor of a model gets, by its name; null: it stays as it is. Errors in front of and behind the heads of the first and the
    /// last layer show more than those of all other matrices together, so these keep more bits; so do, with 4 bits, the embedding and the two small
    /// matrices that make the SSM's time step, input and output (docs/numerics.md).
    /// </summary>
    public static Func<string, WeightType?> Recipe(this QuantizationScheme scheme, int layers)
    {
        string first = TensorNames.LayerPrefix(0), last = TensorNames.LayerPrefix(layers - 1);
        return tensor =>
        {
            if (!TensorNames.IsMatrix(tensor))
                return null;
            bool isOuter = TensorNames.IsHeadsMatrix(tensor) && (tensor.StartsWith(first, StringComparison.Ordinal) || tensor.StartsWith(last, StringComparison.Ordinal));
            if (scheme == QuantizationScheme.Q8)
                return isOuter ? null : WeightType.Q8;
            return isOuter || TensorNames.IsSsmMatrix(tensor) || tensor is TensorNames.TokenEmbedding or TensorNames.OutputMatrix ? WeightType.Q8 : WeightType.Q4;
        };
    }
}
