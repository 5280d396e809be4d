using HymbaSharp.Kernels;

namespace HymbaSharp.State;

/// <summary>Meta states of models opened before, one file each, by fingerprint and kernel path. Any that is not usable is computed again.</summary>
internal sealed class MetaStateCache(string? folder)
{
    // What a few models in use need; the least recently written go first.
    private const int KeptFiles = 16;

    /// <summary>The kept state, or null.</summary>
    public SequenceState? Find(UInt128 fingerprint, KernelPath path, StateShape shape)
    {
        string? file = FileOf(fingerprint, path);
        if (!File.Exists(file))
            return null;
        try
        {
            return Snapshot.Read(file, fingerprint, shape, meta: null).State;
        }
        catch (SnapshotException)
        {
            return null;
        }
    }

    /// <summary>Keeps a state; a folder that can't be written to is no error, the state is then computed at every start.</summary>
    public void Keep(UInt128 fingerprint, KernelPath path, StateShape shape, SequenceState state)
    {
        if (FileOf(fingerprint, path) is not { } file)
            return;
        try
        {
            string parent = Directory.CreateDirectory(Path.GetDirectoryName(file)!).FullName;
            Snapshot.Write(file, fingerprint, shape, state, [], [], [], withMeta: true);
            foreach (FileInfo old in new DirectoryInfo(parent).GetFiles("*.state").OrderByDescending(f => f.LastWriteTimeUtc).Skip(KeptFiles))
                old.Delete();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            System.Diagnostics.Trace.TraceWarning($"The meta state can't be kept in {file}: {error.Message}");
        }
    }

    private string? FileOf(UInt128 fingerprint, KernelPath path) =>
        folder is null ? null : Path.Combine(folder, "meta-states", $"{fingerprint:x32}-{path.ToString().ToLowerInvariant()}.state");
}
