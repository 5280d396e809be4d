namespace HymbaSharp.Tests;

/// <summary>Where the tests find the committed reference models and, beside the checkout, the files that may not be copied into it.</summary>
internal static class TestData
{
    /// <summary>The root of the checkout: the nearest folder upwards that holds the solution.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The committed reference models, one folder each.</summary>
    public static string Reference(string model) => Path.Combine(Repository, "tests", "Reference", model);

    /// <summary>A file below <c>../shared</c>; the running test is skipped, visibly, where it is absent.</summary>
    public static string Shared(params string[] parts)
    {
        string path = Path.Combine([Repository, "..", "shared", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"needs ../shared/{string.Join('/', parts)} beside the checkout");
        return Path.GetFullPath(path);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HymbaSharp.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("HymbaSharp.slnx was not found above the test binaries.");
    }
}
