using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Operations;

public sealed class ConvolutionOperationTests
{
    private static readonly RowRange[] Documents = [new(0, 2), new(2, 1), new(3, 9)];

    [Fact]
    public void Gradients_are_the_differences() => GradientCheck.Require(
        leaves => ConvolutionOperation.Apply(leaves[0], leaves[1], leaves[2], Documents), GradientCheck.Leaves(1, [3, 1, 4], [3], [12, 3]));

    [Fact]
    public void Shifted_tensors_give_the_same() => GradientCheck.RequireSame(
        leaves => ConvolutionOperation.Apply(leaves[0], leaves[1], leaves[2], Documents),
        leaves => ConvolutionOperation.InTensors(leaves[0], leaves[1], leaves[2], Documents),
        1e-13, GradientCheck.Leaves(2, [5, 1, 3], [5], [12, 5]));

    [Fact]
    public void Vectors_of_float32_give_what_float64_gives() => GradientCheck.RequireSame(
        leaves => ConvolutionOperation.Apply(leaves[0], leaves[1], leaves[2], Documents),
        leaves => ConvolutionOperation.Apply(leaves[0].to(ScalarType.Float32), leaves[1].to(ScalarType.Float32), leaves[2].to(ScalarType.Float32), Documents),
        1e-6, GradientCheck.Leaves(2, [37, 1, 4], [37], [12, 37]));

    [Fact]
    public void Without_a_bias_it_is_zero() => GradientCheck.RequireSame(
        leaves => ConvolutionOperation.Apply(leaves[0], zeros(3, dtype: ScalarType.Float64), leaves[1], Documents),
        leaves => ConvolutionOperation.Apply(leaves[0], null, leaves[1], Documents),
        0, GradientCheck.Leaves(2, [3, 1, 4], [12, 3]));
}
