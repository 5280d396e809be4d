using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

public sealed class KernelPathTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_path_is_chosen_by_its_name_in_any_case(KernelPath path)
    {
        Assert.Equal(path, KernelPaths.Select(path.ToString()));
        Assert.Equal(path, KernelPaths.Select(path.ToString().ToLowerInvariant()));
        Assert.Equal(path, KernelPaths.Select(path.ToString().ToUpperInvariant()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_name_the_widest_path_is_chosen(string? name) => Assert.Equal(KernelPaths.Available.Max(), KernelPaths.Select(name));

    [Theory]
    [InlineData("avx2")]
    [InlineData("3")]
    [InlineData(" scalar")]
    public void A_name_that_is_none_is_refused_by_name(string name)
    {
        KernelPathException error = Assert.Throws<KernelPathException>(() => KernelPaths.Select(name));
        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
        Assert.All(KernelPaths.Available, path => Assert.Contains(path.ToString(), error.Message, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_scalar_path_is_always_there() => Assert.Contains(KernelPath.Scalar, KernelPaths.Available);
}
