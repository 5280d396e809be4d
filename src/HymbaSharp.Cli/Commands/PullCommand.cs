using System.CommandLine;
using HymbaSharp.Checkpoints;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Cli.Commands;

/// <summary>Downloads a checkpoint.</summary>
internal sealed class PullCommand : ToolCommand
{
    private readonly Argument<string> _name = new("MODEL") { Description = "The model on the hub: owner/name, with @ and a branch, tag or commit where it is not main." };
    private readonly Option<string?> _endpoint = new("--endpoint")
    {
        Description = "The hub or a mirror of it. Default: HF_ENDPOINT, else https://huggingface.co.",
        HelpName = "URL",
    };

    private readonly Option<int> _connections = new("--connections")
    {
        Description = "How many parts are downloaded at once, 1 to 32.",
        HelpName = "N",
        DefaultValueFactory = _ => new HubClientOptions().MaxConnections,
    };

    public PullCommand(Terminal terminal)
        : base("pull", "Downloads a model from the Hugging Face hub into the cache that its tools share.", terminal)
    {
        Add(_name);
        Add(_endpoint);
        Add(_connections);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba pull nvidia/Hymba-1.5B-Instruct",
        "HF_TOKEN=hf_... hymba pull me/my-private-model@v2",
        "hymba pull nvidia/Hymba-1.5B-Base --endpoint https://hub.example.org",
        "",
        "Ctrl-C keeps what is there; the next pull continues, and takes only what is missing or has changed.",
        "The access token comes from HF_TOKEN, the cache's folder from HF_HUB_CACHE or HF_HOME.",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        (string repository, string revision) = ModelLocation.SplitRevision(line.GetRequiredValue(_name));
        HubClientOptions options = HubClientOptions.FromEnvironment() with { MaxConnections = line.GetValue(_connections) };
        if (line.GetValue(_endpoint) is { } endpoint)
        {
            options = options with
            {
                Endpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) ? address
                    : throw new UsageException($"--endpoint is '{endpoint}'; expected an http or https address."),
            };
        }
        await Terminal.Output.WriteLineAsync(await ModelDownload.RunAsync(Terminal, repository, revision, options, cancellationToken));
    }
}
