namespace HymbaSharp.Checkpoints.Hub;

/// <summary>A repository in the cache.</summary>
/// <param name="Name">owner/name.</param>
/// <param name="Revisions">Its revisions that are there at least in part; none when a pull was interrupted before its first file.</param>
/// <param name="BytesOnDisk">What removing it would free. Revisions share equal files.</param>
/// <param name="LastUsed">When one of its files was last read or written, as far as the file system keeps count.</param>
public sealed record CachedRepository(string Name, IReadOnlyList<CachedRevision> Revisions, long BytesOnDisk, DateTimeOffset LastUsed);

/// <summary>One revision of a repository in the cache.</summary>
/// <param name="Names">The branches and tags that stand for it; none when it was pulled by its commit or they moved on.</param>
/// <param name="Commit">Its commit, 40 hexadecimal digits.</param>
/// <param name="Folder">The folder that shows its files.</param>
/// <param name="IsComplete">Whether the configuration and all weights are there.</param>
public sealed record CachedRevision(IReadOnlyList<string> Names, string Commit, string Folder, bool IsComplete);
