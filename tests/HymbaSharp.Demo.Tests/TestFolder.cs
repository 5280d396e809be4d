using System.Runtime.CompilerServices;

namespace HymbaSharp.Demo.Tests;

/// <summary>A folder of its own for one test, removed at its end.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hymba-demo-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Where the tests find the reference models, and files beside the checkout that may not be copied into it.</summary>
internal static class TestData
{
    public static string Repository { get; } = FindRepository();

    public static string Reference(string model) => Path.Combine(Repository, "tests", "Reference", model);

    /// <summary>A file below <c>../shared</c>; the running test is skipped, visibly, where it is absent.</summary>
    public static string Shared(params string[] parts)
    {
        string path = Path.Combine([Repository, "..", "shared", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"needs ../shared/{string.Join('/', parts)} beside the checkout");
        return Path.GetFullPath(path);
    }

    /// <summary>No test touches the user's caches.</summary>
    [ModuleInitializer]
    internal static void UseACacheOfTheirOwn()
    {
        string cache = Directory.CreateTempSubdirectory("hymba-demo-cache-").FullName;
        Environment.SetEnvironmentVariable("HYMBASHARP_CACHE", cache);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(cache, recursive: true);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HymbaSharp.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("HymbaSharp.slnx was not found above the test binaries.");
    }
}
