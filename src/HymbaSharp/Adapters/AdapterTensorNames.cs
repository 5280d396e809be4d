namespace HymbaSharp.Adapters;

/// <summary>What a tensor of an adapter is.</summary>
internal enum AdapterTensorKind
{
    /// <summary>A [r, in].</summary>
    Down,

    /// <summary>B [out, r].</summary>
    Up,

    /// <summary>DoRA's magnitudes [out].</summary>
    Magnitudes,

    /// <summary>A tensor of the checkpoint, trained whole.</summary>
    Whole,
}

/// <summary>
/// The one table of an adapter's tensor names: those of the checkpoint's modules with a prefix and an ending of what the tensor is to the module.
/// A module is called as its weight, without <c>.weight</c>.
/// </summary>
internal static class AdapterTensorNames
{
    /// <summary>The name of the tensors' file in an adapter's folder.</summary>
    public const string FileName = "adapter_model.safetensors";

    private const string Prefix = "base_model.model.";
    private const string DownEnding = ".lora_A.weight", UpEnding = ".lora_B.weight";
    private const string MagnitudesEnding = ".lora_magnitude_vector", LongMagnitudesEnding = MagnitudesEnding + ".weight";

    /// <summary>A of a module [r, in].</summary>
    public static string Down(string module) => Prefix + module + DownEnding;

    /// <summary>B of a module [out, r].</summary>
    public static string Up(string module) => Prefix + module + UpEnding;

    /// <summary>Magnitudes of a module's rows [out].</summary>
    public static string Magnitudes(string module) => Prefix + module + MagnitudesEnding;

    /// <summary>A tensor of the checkpoint in place of the checkpoint's own.</summary>
    public static string Whole(string tensor) => Prefix + tensor;

    /// <summary>What a tensor is, and of which module, or for <see cref="AdapterTensorKind.Whole"/> in place of which tensor; null for another library's names.</summary>
    public static (AdapterTensorKind Kind, string Name)? Parse(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        string rest = name[Prefix.Length..];
        return Module(rest, DownEnding, AdapterTensorKind.Down)
            ?? Module(rest, UpEnding, AdapterTensorKind.Up)
            ?? Module(rest, MagnitudesEnding, AdapterTensorKind.Magnitudes)
            ?? Module(rest, LongMagnitudesEnding, AdapterTensorKind.Magnitudes)
            ?? (AdapterTensorKind.Whole, rest);
    }

    private static (AdapterTensorKind, string)? Module(string name, string ending, AdapterTensorKind kind) =>
        name.EndsWith(ending, StringComparison.Ordinal) ? (kind, name[..^ending.Length]) : null;
}
