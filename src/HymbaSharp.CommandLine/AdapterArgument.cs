using System.Globalization;
using HymbaSharp.Adapters;

namespace HymbaSharp.CommandLine;

/// <summary>An adapter as a command line names it.</summary>
internal static class AdapterArgument
{
    /// <summary>FOLDER or FOLDER=SCALE.</summary>
    /// <exception cref="UsageException">There is no folder, or the scale is no finite number.</exception>
    public static AdapterReference Parse(string text)
    {
        int equals = Directory.Exists(text) ? -1 : text.LastIndexOf('=');
        string folder = equals < 0 ? text : text[..equals], scale = equals < 0 ? "1" : text[(equals + 1)..];
        if (folder.Length == 0)
            throw new UsageException($"The adapter is '{text}'; expected FOLDER or FOLDER=SCALE.");
        return float.TryParse(scale, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
            ? new AdapterReference(folder, value)
            : throw new UsageException($"The scale of the adapter {folder} is '{scale}'; expected a finite number.");
    }
}
