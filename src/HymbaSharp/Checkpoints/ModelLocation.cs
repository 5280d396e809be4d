using HymbaSharp.Checkpoints.Hub;
using HymbaSharp.Configuration;

namespace HymbaSharp.Checkpoints;

/// <summary>Finds the folder of a checkpoint by what a person calls it: a folder, a name on the hub, or nothing.</summary>
public static class ModelLocation
{
    /// <summary>Where the checkpoint lies that is used when none is named, below the folder of the program or one around it.</summary>
    public static readonly string DemoFolder = Path.Combine("models", "hymba-demo");

    /// <summary>The folder of a checkpoint; it holds a <c>config.json</c>, not necessarily weights. The network is not asked.</summary>
    /// <param name="name">
    /// A folder; or owner/name of a checkpoint in the hub's cache, followed by @ and a branch, tag or commit where it is not main; or null
    /// for <see cref="DemoFolder"/>, looked for from the program's folder and from the current folder upwards.
    /// </param>
    /// <param name="cache">The cache. Default: the one that the environment names.</param>
    /// <exception cref="CheckpointException">There is no such checkpoint; the message says what to do.</exception>
    /// <exception cref="HubException">The cache cannot be read.</exception>
    public static string Find(string? name, HubCache? cache = null) =>
        name is null ? FindDemo([AppContext.BaseDirectory, Environment.CurrentDirectory]) : FindNamed(name, cache ?? new HubCache());

    /// <summary>Parts <c>owner/name@revision</c>; the revision is main where none is given. The parts are not checked.</summary>
    public static (string Repository, string Revision) SplitRevision(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int at = name.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (name, "main") : (name[..at], name[(at + 1)..]);
    }

    internal static string FindDemo(IEnumerable<string> starts)
    {
        foreach (string start in starts)
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, DemoFolder);
                if (HoldsConfiguration(candidate))
                    return candidate;
            }
        }
        throw new CheckpointException(
            $"No model is named and there is no {DemoFolder}. Name one with -m: a folder, or a model that 'hymba list' shows; 'hymba pull nvidia/Hymba-1.5B-Instruct' downloads one.");
    }

    private static string FindNamed(string name, HubCache cache)
    {
        if (name.Length > 0 && HoldsConfiguration(name))
            return name;
        (string repository, string revision) = SplitRevision(name);
        bool isHubName = HubNames.RepositoryOf(HubNames.FolderOf(repository)) == repository;
        if (isHubName && cache.Find(repository, revision) is { } cached)
            return cached;
        string quoted = HubNames.Quote(name);
        if (Directory.Exists(name))
            throw new CheckpointException($"The folder {quoted} holds no {HymbaConfig.FileName}, so it is no checkpoint.");
        if (File.Exists(name))
            throw new CheckpointException($"{quoted} is a file: name the folder of the checkpoint, which holds {HymbaConfig.FileName}.");
        throw new CheckpointException(isHubName
            ? $"{quoted} is neither a folder nor completely in the cache {cache.Folder}. Download it with 'hymba pull {name}', or name a folder."
            : $"{quoted} is neither a folder nor a name on the hub (owner/name, such as nvidia/Hymba-1.5B-Instruct).");
    }

    private static bool HoldsConfiguration(string folder) => File.Exists(Path.Combine(folder, HymbaConfig.FileName));
}
