namespace HymbaSharp.Checkpoints.Hub;

/// <summary>How much space a disk has, and which errors mean that it has none left.</summary>
internal static class DiskSpace
{
    public static long? Free(string folder)
    {
        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(Path.GetFullPath(folder))! : folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null; // a network share, say: then the writes themselves tell
        }
    }

    /// <summary>Whether the error is a full disk or an exhausted quota. HResult holds a Windows code or the errno.</summary>
    public static bool IsFull(IOException error)
    {
        int code = error.HResult & 0xFFFF;
        if (OperatingSystem.IsWindows())
            return code is 39 or 112; // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
        return code == 28 || code == (OperatingSystem.IsLinux() ? 122 : 69); // ENOSPC, EDQUOT
    }

    public static HubException Shortage(long needed, long? free, string folder, IOException? cause = null) => new(
        $"The disk of {folder} is full: {Show(needed)} more {(free is { } bytes ? $"are needed and {Show(bytes)} are free" : "are needed")}. "
        + "Free space there, or set HF_HUB_CACHE to a folder on another disk; what is downloaded is kept and the next pull continues from it.", cause);

    private static string Show(long bytes)
    {
        string exact = $"{bytes} bytes";
        return bytes switch
        {
            >= 1_000_000_000 => $"{bytes / 1e9:0.0} GB ({exact})",
            >= 1_000_000 => $"{bytes / 1e6:0.0} MB ({exact})",
            _ => exact,
        };
    }
}
