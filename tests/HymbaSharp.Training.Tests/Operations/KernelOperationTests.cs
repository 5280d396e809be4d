using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Operations;

/// <summary>Operations whose float64 form is one of the tensor library, which differentiates it: the kernels' float32 must agree.</summary>
public sealed class KernelOperationTests
{
    private static readonly RowRange[] Documents = [new(0, 5), new(5, 1), new(6, 34)];

    [Fact]
    public void Linear() => Require(leaves => LinearOperation.Apply(leaves[0], leaves[1], leaves[2]), 1e-6, [40, 37], [53, 37], [53]);

    [Fact]
    public void Linear_in_parts() => Require(
        leaves =>
        {
            Tensor[] parts = LinearOperation.Split(leaves[0], leaves[1], null, 3, 40, 10);
            return (parts[0].sum(1, keepdim: true) * parts[1]) + parts[2].sum(1, keepdim: true);
        },
        3e-6, [40, 37], [53, 37]);

    [Fact]
    public void Rms_norm() => Require(leaves => RmsNormOperation.Apply(leaves[0], leaves[1], 1e-6), 1e-6, [40, 37], [37]);

    [Fact]
    public void Mean_of_norms() => Require(leaves => RmsNormOperation.Mean(leaves[0], leaves[1], leaves[2], leaves[3], 1e-6), 1e-6, [40, 37], [37], [40, 37], [37]);

    [Fact]
    public void Silu_gate() => Require(leaves => SiluGateOperation.Apply(leaves[0], leaves[1]), 1e-6, [40, 37], [40, 37]);

    [Fact]
    public void Rope() => Require(
        leaves =>
        {
            Tensor angles = arange(40 * 4, dtype: leaves[0].dtype).view(40, 4);
            return RopeOperation.Apply(leaves[0], angles.cos(), angles.sin());
        },
        1e-6, [40, 24]);

    [Fact]
    public void Embedding() => Require(leaves => EmbeddingOperation.Apply(leaves[0], leaves[1], [~0, ~1, 3, 3, 0, ~0, 8]), 1e-6, [9, 5], [2, 5]);

    [Fact]
    public void Cross_entropy() => Require(leaves => CrossEntropyOperation.Apply(leaves[0], [3, 0, 16, 3]), 1e-6, [4, 17]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention(bool isGlobal) => Require(
        leaves => AttentionOperation.Apply(leaves[0], leaves[1], leaves[2], new AttentionHeads(6, 2, 8, 16), new AttentionMask(isGlobal, 7, 3), Documents),
        2e-6, [40, 48], [40, 16], [40, 32]);

    /// <summary>The same function in float64, where it is the tensor library's, and in float32, where it is ours.</summary>
    private static void Require(Func<Tensor[], Tensor> function, double tolerance, params long[][] shapes) => GradientCheck.RequireSame(
        function, leaves => function([.. leaves.Select(leaf => leaf.to(ScalarType.Float32))]), tolerance, GradientCheck.Leaves(5, shapes));
}
