using TorchSharp;

namespace HymbaSharp.Training.Tests;

public sealed class LibTorchTests
{
    [Fact]
    public void The_native_library_loads_and_computes()
    {
        using torch.Tensor three = torch.ones(3).sum();

        Assert.Equal(3f, three.item<float>());
    }
}
