using System.CommandLine;
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
    public IReadOnlyList<AdapterReference> References(ParseResult line) => [.. (line.GetValue(_adapters) ?? []).Select(AdapterArgument.Parse)];
}
