using System.Collections.Immutable;
using System.Runtime.Intrinsics;

namespace HymbaSharp.Kernels;

/// <summary>The instruction width the kernels run at. Every path computes the same operations; docs/numerics.md bounds how far they differ.</summary>
public enum KernelPath
{
    /// <summary>Plain loops without hardware intrinsics: the twin each vector kernel is tested against.</summary>
    Scalar,

    /// <summary>128-bit vectors: Arm (NEON), and x86 processors without AVX2.</summary>
    Vector128,

    /// <summary>256-bit vectors: x86 with AVX2.</summary>
    Vector256,

    /// <summary>512-bit vectors: x86 with AVX-512.</summary>
    Vector512,
}

/// <summary>Which kernel paths this machine has, and which one is used.</summary>
public static class KernelPaths
{
    /// <summary>The environment variable that forces a path by its name, in any case: <c>HYMBASHARP_KERNELS=vector256</c>.</summary>
    public const string Variable = "HYMBASHARP_KERNELS";

    /// <summary>The paths this machine can run, narrowest first.</summary>
    public static ImmutableArray<KernelPath> Available { get; } =
        [.. Enum.GetValues<KernelPath>().Where(IsAvailable)];

    /// <summary>The path named by <see cref="Variable"/>, else the widest one this machine has.</summary>
    /// <exception cref="KernelPathException">The variable names no path, or one that this machine lacks.</exception>
    public static KernelPath Selected => Select(Environment.GetEnvironmentVariable(Variable));

    internal static KernelPath Select(string? name)
    {
        if (string.IsNullOrEmpty(name))
            return Available[^1];
        foreach (KernelPath path in Available)
        {
            if (name.Equals(path.ToString(), StringComparison.OrdinalIgnoreCase))
                return path;
        }
        throw new KernelPathException($"{Variable} is '{name}'; this machine has: {string.Join(", ", Available).ToLowerInvariant()}.");
    }

    // The widest accelerated path is also the fastest measured for every kernel (docs/performance.md), so width ranks them.
    private static bool IsAvailable(KernelPath path) => path switch
    {
        KernelPath.Vector128 => Vector128.IsHardwareAccelerated,
        KernelPath.Vector256 => Vector256.IsHardwareAccelerated,
        KernelPath.Vector512 => Vector512.IsHardwareAccelerated,
        _ => true,
    };
}

/// <summary>A kernel path was asked for that does not exist or that this machine lacks.</summary>
public sealed class KernelPathException(string message) : HymbaException(message);
