using System.Runtime.CompilerServices;

namespace HymbaSharp.Extensions.AI.Tests;

/// <summary>No test touches the user's caches.</summary>
internal static class TestCaches
{
    [ModuleInitializer]
    internal static void UseOwn()
    {
        string caches = Directory.CreateTempSubdirectory("hymba-ai-caches-").FullName;
        Environment.SetEnvironmentVariable("HYMBASHARP_CACHE", caches);
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", Path.Combine(caches, "hub"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(caches, recursive: true);
    }
}
