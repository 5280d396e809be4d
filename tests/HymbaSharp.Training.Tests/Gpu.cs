using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests;

/// <summary>A device that most machines lack.</summary>
internal static class Gpu
{
    /// <summary>Skips the test where there is none.</summary>
    public static void RequireOne() =>
        Assert.SkipUnless(cuda.is_available(), "Needs an NVIDIA GPU, and the tests built with -p:LibTorch=cuda.");
}
