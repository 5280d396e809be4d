using System.Diagnostics;

namespace HymbaSharp.Threading;

/// <summary>How long each kind of work took, from the call to its end; for one thread that starts work.</summary>
internal sealed class WorkProfile
{
    private readonly Dictionary<Type, (long Ticks, int Count)> _kinds = [];

    public void Add(Type work, long ticks)
    {
        (long before, int count) = _kinds.GetValueOrDefault(work);
        _kinds[work] = (before + ticks, count + 1);
    }

    /// <summary>Each kind by its name, the longest first.</summary>
    public IReadOnlyList<(string Kind, TimeSpan Time, int Count)> Kinds =>
        [.. _kinds.Select(kind => (Name(kind.Key), Stopwatch.GetElapsedTime(0, kind.Value.Ticks), kind.Value.Count)).OrderByDescending(kind => kind.Item2)];

    public void Clear() => _kinds.Clear();

    private static string Name(Type type)
    {
        string name = type.Name.Split('`')[0], outer = type.DeclaringType is { } around ? around.Name : "";
        return (outer + name.Replace("Work", "", StringComparison.Ordinal)) switch
        {
            "Block" => "products, quantised weights",
            "Quantize" => "quantising activations",
            "Dot" => "products, few rows",
            "Tile" => "products, tiles",
            "Pack" => "packing activations",
            "SelectiveScan" => "scan",
            "CausalConvolution" => "convolution",
            "RmsNorm" => "norms",
            var other => other.ToLowerInvariant(),
        };
    }
}
