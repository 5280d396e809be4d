namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// One repository in the cache, laid out as every tool of the hub does (https://huggingface.co/docs/hub/local-cache):
/// <c>blobs/{etag}</c> are the contents, <c>snapshots/{commit}/{file}</c> link to them, <c>refs/{revision}</c> holds a commit.
/// </summary>
internal sealed class RepositoryFolder(string cache, string repository)
{
    public string Root { get; } = Path.Combine(cache, HubNames.FolderOf(repository));

    public string Blobs => Path.Combine(Root, "blobs");

    public string Snapshots => Path.Combine(Root, "snapshots");

    public string Locks => Path.Combine(cache, ".locks", HubNames.FolderOf(repository));

    private string Refs => Path.Combine(Root, "refs");

    public string Blob(string etag) => Path.Combine(Blobs, etag);

    public string Lock(string etag) => Path.Combine(Locks, etag + ".lock");

    public string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    /// <summary>The commit that the revision stands for, as far as the cache knows.</summary>
    public string? CommitOf(string revision)
    {
        if (HubNames.IsCommit(revision))
            return revision;
        string path = Path.Combine(Refs, revision);
        string? commit = File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        return HubNames.IsCommit(commit) ? commit : null;
    }

    /// <summary>The branches and tags the cache knows, with their commits.</summary>
    public IEnumerable<(string Revision, string Commit)> References()
    {
        if (!Directory.Exists(Refs))
            yield break;
        foreach (string path in Directory.EnumerateFiles(Refs, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string revision = Path.GetRelativePath(Refs, path).Replace('\\', '/');
            if (CommitOf(revision) is { } commit)
                yield return (revision, commit);
        }
    }

    public void WriteReference(string revision, string commit)
    {
        if (CommitOf(revision) == commit)
            return;
        string path = Path.Combine(Refs, revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = Path.Combine(Root, $".ref-{Guid.NewGuid():N}");
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>
    /// Shows a blob in a snapshot under its names: by links; where the system allows none, as Windows does by default, by the file
    /// itself. A blob that others may link to is copied, one just downloaded is moved.
    /// </summary>
    public void Place(string etag, IReadOnlyList<string> names, string commit, bool isNew, bool allowLinks)
    {
        for (int i = 0; i < names.Count; i++)
        {
            string path = Path.Combine(Snapshot(commit), names[i]);
            File.Delete(path);
            if (allowLinks && TryLink(path, Path.Combine("..", "..", "blobs", etag)))
                continue;
            if (isNew && i == names.Count - 1)
            {
                File.Move(Blob(etag), path);
                continue;
            }
            File.Copy(Blob(etag), path + ".copy", overwrite: true);
            File.Move(path + ".copy", path);
        }
    }

    /// <summary>Every file of the repository, links left out.</summary>
    public IEnumerable<FileInfo> Files() =>
        new DirectoryInfo(Root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(file => file.Exists); // a download under way replaces its state

    private static bool TryLink(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
