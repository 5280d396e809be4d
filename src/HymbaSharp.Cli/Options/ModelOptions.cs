using System.CommandLine;
using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Checkpoints.Hub;
using HymbaSharp.Kernels;
using HymbaSharp.Weights;
using Spectre.Console;

namespace HymbaSharp.Cli.Options;

/// <summary>The options that name a model.</summary>
internal class ModelOption
{
    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = "The model: a folder, or a name that 'hymba list' shows (owner/name, with @revision where it is not main). Default: models/hymba-demo, where there is one.",
        HelpName = "MODEL",
    };

    public ModelOption(Command command) => command.Add(_model);

    /// <summary>The model as it was named; null where none was.</summary>
    public string? Name(ParseResult line) => line.GetValue(_model);

    /// <summary>The folder of the model.</summary>
    /// <exception cref="HymbaException">There is none.</exception>
    public string Folder(ParseResult line) => ModelLocation.Find(Name(line));
}

/// <summary>The options that open a model to compute with it.</summary>
internal sealed class ModelOptions : ModelOption
{
    private const int DefaultChunk = 512;

    private static readonly string[] KernelNames = [.. Enum.GetNames<KernelPath>().Select(name => name.ToLowerInvariant())];

    private readonly Option<int?> _threads = NumberOption.Of<int>("--threads", "Threads that compute, 1 to 1024. Default: one for each processor.", "-t");

    private readonly Option<int?> _context = NumberOption.Of<int>(
        "--ctx-size", $"The most tokens of a sequence, prompt and reply together, 1 to {HymbaModelOptions.MaxContextLength}. Default: what the model is meant for (max_position_embeddings).", "-c");

    private readonly Option<int?> _chunk = NumberOption.Of<int>(
        "--chunk", $"Tokens computed in one step while a prompt is read, 1 to {HymbaModelOptions.MaxPrefillRows}. Default: {DefaultChunk}.", "-ub");

    private readonly Option<string?> _kernels = new("--kernels")
    {
        HelpName = "NAME",
        Description = $"The instructions to compute with: {string.Join(", ", KernelNames)}. Default: the widest of this machine, or what {KernelPaths.Variable} names.",
    };

    private readonly Option<string?> _quant = new("--quant")
    {
        HelpName = "SCHEME",
        Description = $"Quantise the model while it is opened: {string.Join(" or ", QuantizationOption.Names)}. 'hymba quantize' does it once for all.",
    };

    private readonly Option<string?> _cache = new("--cache-type") { HelpName = "TYPE", Description = "What keys and values of past tokens are kept in: f32, or bf16, which takes half the memory. Default: f32." };

    private readonly AdapterOption _adapters;

    private readonly Option<bool> _pull = new("--pull") { Description = "Download the model first where the cache does not hold it whole, as 'hymba pull' does." };

    public ModelOptions(Command command) : base(command)
    {
        _ = _kernels.AcceptOnlyFromAmong(KernelNames);
        _ = _quant.AcceptOnlyFromAmong(QuantizationOption.Names);
        _ = _cache.AcceptOnlyFromAmong("f32", "bf16");
        foreach (Option option in (Option[])[_threads, _context, _chunk, _kernels, _quant, _cache, _pull])
            command.Add(option);
        _adapters = new AdapterOption(command);
    }

    /// <summary>Tokens computed in one step.</summary>
    public int Chunk(ParseResult line) => line.GetValue(_chunk) ?? DefaultChunk;

    /// <summary>Opens the model; a person who waits is told so.</summary>
    /// <exception cref="HymbaException">It cannot be opened so.</exception>
    public async Task<HymbaModel> LoadAsync(ParseResult line, Terminal terminal, CancellationToken cancellationToken)
    {
        IReadOnlyList<AdapterReference> adapters = _adapters.References(line);
        if (line.GetValue(_pull))
            await PullAsync(line, terminal, cancellationToken);
        string folder = Folder(line);
        return Open(folder, Plain(line) with { Adapters = adapters, Quantization = Quantization(line), KeyValueType = line.GetValue(_cache) == "bf16" ? KeyValueType.BF16 : KeyValueType.F32 }, terminal);
    }

    /// <summary>Opens the model that another is compared with: without adapters and as it is stored.</summary>
    /// <exception cref="HymbaException">It cannot be opened so.</exception>
    public HymbaModel LoadReference(ParseResult line, string? name, Terminal terminal) =>
        Open(name is null ? Folder(line) : ModelLocation.Find(name), Plain(line), terminal);

    /// <summary>The recipe asked for, or null.</summary>
    public QuantizationScheme? Quantization(ParseResult line) => line.GetValue(_quant) is { } name ? QuantizationOption.Parse(name) : null;

    private HymbaModelOptions Plain(ParseResult line) => new()
    {
        Threads = line.GetValue(_threads),
        ContextLength = line.GetValue(_context),
        PrefillRows = Chunk(line),
        KernelPath = line.GetValue(_kernels) is { } name ? Enum.Parse<KernelPath>(name, ignoreCase: true) : null,
    };

    private static HymbaModel Open(string folder, HymbaModelOptions options, Terminal terminal) => terminal.ErrorConsole.Profile.Capabilities.Interactive
        ? terminal.ErrorConsole.Status().Start("Opening the model", _ => HymbaModel.Load(folder, options))
        : HymbaModel.Load(folder, options);

    private async Task PullAsync(ParseResult line, Terminal terminal, CancellationToken cancellationToken)
    {
        string name = Name(line) ?? throw new UsageException("--pull needs a model: name one of the hub with -m, owner/name.");
        if (Directory.Exists(name))
            return;
        (string repository, string revision) = ModelLocation.SplitRevision(name);
        if (new HubCache().Find(repository, revision) is null)
            _ = await ModelDownload.RunAsync(terminal, repository, revision, HubClientOptions.FromEnvironment(), cancellationToken);
    }
}
