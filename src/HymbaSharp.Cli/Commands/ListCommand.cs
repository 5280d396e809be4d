using System.CommandLine;
using System.Text.Json;
using HymbaSharp.Checkpoints.Hub;
using Spectre.Console;

namespace HymbaSharp.Cli.Commands;

/// <summary>What the cache holds.</summary>
internal sealed class ListCommand : ToolCommand
{
    private readonly Option<bool> _all = new("--all", "-a") { Description = "Show models of other families too; the cache is shared with other tools." };

    public ListCommand(Terminal terminal) : base("list", "Lists the downloaded Hymba models.", terminal)
    {
        Aliases.Add("ls");
        Add(_all);
    }

    public override IReadOnlyList<string> Examples => ["hymba list", "hymba list --all"];

    protected override Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        HubCache cache = new();
        IReadOnlyList<CachedRepository> repositories = cache.List();
        CachedRepository[] shown = [.. repositories.Where(repository => line.GetValue(_all) || repository.Revisions.Count == 0 || repository.Revisions.Any(IsHymba))];
        if (shown.Length == 0)
        {
            string others = repositories.Count > 0 ? $" ({repositories.Count} of other families; --all shows them)" : "";
            Terminal.Error.WriteLine($"No Hymba models in {cache.Folder}{others}. 'hymba pull nvidia/Hymba-1.5B-Instruct' downloads one.");
            return Task.CompletedTask;
        }
        Table table = new Table().NoBorder().AddColumns(
            new TableColumn("[grey]NAME[/]").NoWrap(), new TableColumn("[grey]SIZE[/]").RightAligned().NoWrap(),
            new TableColumn("[grey]USED[/]").NoWrap(), new TableColumn("[grey]STATE[/]").NoWrap());
        foreach (CachedRepository repository in shown)
            AddRows(table, repository);
        Terminal.Console.Write(table);
        return Task.CompletedTask;
    }

    private static void AddRows(Table table, CachedRepository repository)
    {
        string size = Sizes.Bytes(repository.BytesOnDisk), used = Age(DateTimeOffset.UtcNow - repository.LastUsed);
        if (repository.Revisions.Count == 0)
            AddRow(table, repository.Name, size, used, "begun: pull again");
        // Revisions share files, so the size stands once.
        foreach (CachedRevision revision in repository.Revisions)
        {
            // An interrupted pull has not named its commit yet: pulling the repository again goes on with it.
            bool isMain = revision.Names.Contains("main") || (revision.Names.Count == 0 && !revision.IsComplete);
            string name = isMain ? repository.Name : $"{repository.Name}@{(revision.Names is [string first, ..] ? first : revision.Commit)}";
            AddRow(table, name, size, used, revision.IsComplete ? "complete" : "incomplete: pull again");
            size = used = "";
        }
    }

    private static void AddRow(Table table, params string[] cells) => table.AddRow([.. cells.Select(cell => new Text(cell))]);

    private static bool IsHymba(CachedRevision revision)
    {
        string path = Path.Combine(revision.Folder, "config.json");
        if (!File.Exists(path))
            return false;
        try
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(path));
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("hymba");
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Age(TimeSpan age) => age switch
    {
        { TotalMinutes: < 2 } => "just now",
        { TotalHours: < 2 } => $"{age.TotalMinutes:0} minutes ago",
        { TotalDays: < 2 } => $"{age.TotalHours:0} hours ago",
        _ => $"{age.TotalDays:0} days ago",
    };
}
