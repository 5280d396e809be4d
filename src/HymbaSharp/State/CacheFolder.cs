namespace HymbaSharp.State;

/// <summary>The user's folder for what can be computed again: fingerprints and meta states.</summary>
internal static class CacheFolder
{
    /// <summary>The environment variable that names another folder.</summary>
    public const string Variable = "HYMBASHARP_CACHE";

    /// <summary>By <see cref="Variable"/>, else the platform's cache folder.</summary>
    public static string Default
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder)
                return Path.GetFullPath(folder);
            if (OperatingSystem.IsWindows())
                return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "HymbaSharp", "Cache");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsMacOS())
                return Path.Combine(home, "Library", "Caches", "HymbaSharp");
            return Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(home, ".cache"), "hymbasharp");
        }
    }
}
