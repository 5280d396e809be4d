using System.CommandLine;
using HymbaSharp.Checkpoints.Hub;
using Spectre.Console;

namespace HymbaSharp.Cli.Commands;

/// <summary>Deletes a checkpoint from the cache.</summary>
internal sealed class RemoveCommand : ToolCommand
{
    private readonly Argument<string[]> _names = new("MODEL") { Description = "Models as 'hymba list' shows them: owner/name. All revisions go.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask; needed where nobody can be asked." };

    public RemoveCommand(Terminal terminal) : base("rm", "Deletes downloaded models from the cache, for all tools that share it.", terminal)
    {
        Add(_names);
        Add(_yes);
    }

    public override IReadOnlyList<string> Examples => ["hymba rm nvidia/Hymba-1.5B-Base", "hymba rm nvidia/Hymba-1.5B-Base --yes"];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        HubCache cache = new();
        IReadOnlyList<CachedRepository> cached = cache.List();
        foreach (string name in line.GetRequiredValue(_names))
        {
            CachedRepository repository = cached.FirstOrDefault(repository => repository.Name == name)
                ?? throw new HubException($"'{name}' is not in the cache {cache.Folder}; 'hymba list --all' shows what is.");
            if (!line.GetValue(_yes) && !await ConfirmAsync(repository, cancellationToken))
                continue;
            await Terminal.Error.WriteLineAsync($"{name}: {Sizes.Bytes(cache.Remove(name))} freed.");
        }
    }

    private Task<bool> ConfirmAsync(CachedRepository repository, CancellationToken cancellationToken) =>
        Terminal.InputIsInteractive && Terminal.ErrorConsole.Profile.Capabilities.Interactive
            ? new ConfirmationPrompt(Markup.Escape($"Delete {repository.Name} ({Sizes.Bytes(repository.BytesOnDisk)})?")) { DefaultValue = false }
                .ShowAsync(Terminal.ErrorConsole, cancellationToken)
            : throw new UsageException($"Deleting {repository.Name} needs --yes where nobody can be asked.");
}
