namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// The right to write one blob, held as an exclusively opened file in the cache's <c>.locks</c>, where other tools of the hub
/// look for it too. The system releases it when the process ends, however it ends; the empty file stays, since deleting it
/// would let two processes each hold a lock of that name.
/// </summary>
internal sealed class BlobLock : IDisposable
{
    private readonly FileStream _file;

    private BlobLock(FileStream file) => _file = file;

    /// <summary>The lock, or null while someone else holds it.</summary>
    public static BlobLock? TryAcquire(string path)
    {
        try
        {
            return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();

    private static bool IsHeld(IOException error)
    {
        int code = error.HResult & 0xFFFF;
        if (OperatingSystem.IsWindows())
            return code is 32 or 33; // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
        return code == (OperatingSystem.IsLinux() ? 11 : 35); // EWOULDBLOCK
    }
}
