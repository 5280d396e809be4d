using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Operations;

public sealed class ScanOperationTests
{
    private static readonly RowRange[] Documents = [new(0, 5), new(5, 1), new(6, 34)];

    [Fact]
    public void Gradients_are_the_differences()
    {
        Tensor[] inputs = Inputs(rows: 40, channels: 3, states: 2);
        GradientCheck.Require(leaves => Scan(leaves, Documents), inputs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public void Chunks_of_tensors_give_the_same_in_any_size(int chunkRows)
    {
        Tensor[] inputs = Inputs(rows: 40, channels: 5, states: 3);
        GradientCheck.RequireSame(
            leaves => Scan(leaves, Documents),
            leaves => ChunkedScan.Apply(leaves[0], leaves[1], leaves[2], leaves[3], leaves[4], leaves[5], leaves[6], leaves[7], Documents, chunkRows),
            1e-12, inputs);
    }

    [Fact]
    public void Vectors_of_float32_give_what_float64_gives()
    {
        Tensor[] inputs = Inputs(rows: 40, channels: 37, states: 16);
        GradientCheck.RequireSame(
            leaves => Scan(leaves, Documents),
            leaves => Scan([.. leaves.Select(leaf => leaf.to(ScalarType.Float32))], Documents),
            2e-6, inputs);
    }

    private static Tensor Scan(Tensor[] leaves, RowRange[] documents) =>
        ScanOperation.Apply(leaves[0], leaves[1], leaves[2], leaves[3], leaves[4], leaves[5], leaves[6], leaves[7], documents);

    private static Tensor[] Inputs(long rows, long channels, long states) => GradientCheck.Leaves(
        3, [channels, states], [channels], [rows, channels], [channels], [rows, channels], [rows, states], [rows, states], [rows, channels]);
}
