namespace HymbaSharp.Server.Tests;

/// <summary>Programs that some tests need and not every machine has.</summary>
public static class Programs
{
    /// <summary>The first of these names that is a file in a folder of PATH, or null.</summary>
    public static string? Find(params string[] names)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }
}
