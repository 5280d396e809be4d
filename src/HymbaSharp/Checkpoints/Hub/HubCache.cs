namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// The folder in which the hub's tools (huggingface_hub, Transformers, llama.cpp and others) keep downloaded models, each model once for all of them.
/// </summary>
public sealed class HubCache
{
    private const string RemovedPrefix = ".hymbasharp-removed-";

    /// <summary>Names the cache's folder; it need not exist.</summary>
    /// <param name="folder">The folder. Default: HF_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub.</param>
    /// <exception cref="HubException">No folder is given and there is no home folder.</exception>
    public HubCache(string? folder = null) => Folder = Path.GetFullPath(folder ?? HubEnvironment.Process.CacheFolder);

    /// <summary>The cache's folder.</summary>
    public string Folder { get; }

    /// <summary>Whether snapshots link to blobs where the system lets them.</summary>
    internal bool AllowLinks { get; init; } = true;

    /// <summary>
    /// The folder of a checkpoint that is completely in the cache (configuration and all weights), or null. The network is not asked.
    /// </summary>
    /// <param name="repository">owner/name.</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <exception cref="HubException">A name is malformed, or the cache cannot be read.</exception>
    public string? Find(string repository, string revision = "main")
    {
        RepositoryFolder folder = Repository(repository);
        HubNames.RequireRevision(revision);
        return Guard(() =>
        {
            string? snapshot = folder.CommitOf(revision) is { } commit ? folder.Snapshot(commit) : null;
            return Directory.Exists(snapshot) && CheckpointFiles.AreComplete(snapshot) ? snapshot : null;
        });
    }

    /// <summary>All models in the cache, also those of other tools, by name.</summary>
    /// <exception cref="HubException">The cache cannot be read.</exception>
    public IReadOnlyList<CachedRepository> List() => Guard(() =>
        Directory.Exists(Folder)
            ? (IReadOnlyList<CachedRepository>)[.. Directory.EnumerateDirectories(Folder)
                .Select(path => HubNames.RepositoryOf(Path.GetFileName(path))).OfType<string>()
                .Order(StringComparer.OrdinalIgnoreCase).Select(Describe)]
            : []);

    /// <summary>Removes a repository with all its revisions, and what was begun of it, from the cache.</summary>
    /// <param name="repository">owner/name.</param>
    /// <returns>The bytes freed.</returns>
    /// <exception cref="HubException">The name is malformed, the repository is not there, is being downloaded, or cannot be deleted.</exception>
    public long Remove(string repository)
    {
        RepositoryFolder folder = Repository(repository);
        return Guard(() =>
        {
            if (!Directory.Exists(folder.Root))
                throw new HubException($"{repository} is not in the cache {Folder}.");
            List<BlobLock> locks = [];
            string aside = Path.Combine(Folder, $"{RemovedPrefix}{Guid.NewGuid():N}");
            long freed;
            try
            {
                foreach (string path in Directory.Exists(folder.Locks) ? Directory.EnumerateFiles(folder.Locks) : [])
                    locks.Add(BlobLock.TryAcquire(path) ?? throw new HubException($"{repository} is being downloaded by another process: stop it first."));
                freed = folder.Files().Sum(file => file.Length);
                // One step for whoever looks for the repository meanwhile.
                Directory.Move(folder.Root, aside);
            }
            finally
            {
                locks.ForEach(held => held.Dispose());
            }
            // Those of removals that were killed in between go too.
            foreach (string path in Directory.EnumerateDirectories(Folder, RemovedPrefix + "*"))
                Directory.Delete(path, recursive: true);
            return freed;
        });
    }

    internal RepositoryFolder Repository(string repository) => new(Folder, HubNames.RequireRepository(repository));

    private CachedRepository Describe(string name)
    {
        RepositoryFolder folder = Repository(name);
        ILookup<string, string> names = folder.References().ToLookup(reference => reference.Commit, reference => reference.Revision);
        CachedRevision[] revisions = Directory.Exists(folder.Snapshots)
            ? [.. Directory.EnumerateDirectories(folder.Snapshots).Select(path => Path.GetFileName(path)).Where(HubNames.IsCommit).Order(StringComparer.Ordinal)
                .Select(commit => new CachedRevision([.. names[commit]], commit, folder.Snapshot(commit), CheckpointFiles.AreComplete(folder.Snapshot(commit))))]
            : [];
        long bytes = 0;
        DateTime used = Directory.GetLastWriteTimeUtc(folder.Root);
        foreach (FileInfo file in folder.Files())
        {
            bytes += file.Length;
            used = new(Math.Max(used.Ticks, Math.Max(file.LastAccessTimeUtc.Ticks, file.LastWriteTimeUtc.Ticks)), DateTimeKind.Utc);
        }
        return new(name, revisions, bytes, used);
    }

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"The cache {Folder} could not be read or changed: {e.Message} A program may be using the checkpoint, or you may not have the right.", e);
        }
    }
}
