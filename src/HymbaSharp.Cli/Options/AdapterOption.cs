using System.CommandLine;
using System.Globalization;
using HymbaSharp.Adapters;

namespace HymbaSharp.Cli.Options;

/// <summary>The option that adds adapters to a model.</summary>
internal sealed class AdapterOption
{
    private readonly Option<string[]> _adapters = new("--adapter")
    {
        HelpName = "FOLDER[=SCALE]",
        Description = "An adapter in PEFT's layout, LoRA or DoRA: a folder with adapter_config.json, and what its scaling is multiplied by, a finite number. May be given several times; they apply in order. Default scale: 1.",
    };

    public AdapterOption(Command command) => command.Add(_adapters);

    /// <summary>The adapters in the order given.</summary>
    /// <exception cref="UsageException">A scale is no finite number.</exception>
    public IReadOnlyList<AdapterReference> References(ParseResult line) => [.. (line.GetValue(_adapters) ?? []).Select(Parse)];

    private static AdapterReference Parse(string text)
    {
        int equals = Directory.Exists(text) ? -1 : text.LastIndexOf('=');
        string folder = equals < 0 ? text : text[..equals], scale = equals < 0 ? "1" : text[(equals + 1)..];
        if (folder.Length == 0)
            throw new UsageException($"--adapter is '{text}'; expected FOLDER or FOLDER=SCALE.");
        return float.TryParse(scale, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
            ? new AdapterReference(folder, value)
            : throw new UsageException($"--adapter: the scale of {folder} is '{scale}'; expected a finite number.");
    }
}
