using HymbaSharp.Weights;

namespace HymbaSharp.Cli.Options;

/// <summary>The names of quantisation recipes on a command line.</summary>
internal static class QuantizationOption
{
    public static string[] Names { get; } = [.. Enum.GetNames<QuantizationScheme>().Select(name => name.ToLowerInvariant())];

    public static QuantizationScheme Parse(string name) => Enum.Parse<QuantizationScheme>(name, ignoreCase: true);
}
