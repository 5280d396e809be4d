using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>Every kernel path this machine has.</summary>
public sealed class EachPath : TheoryData<KernelPath>
{
    public EachPath() => AddRange(KernelPaths.Available.ToArray());
}
