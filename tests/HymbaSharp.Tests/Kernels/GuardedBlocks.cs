using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Kernels;

/// <summary>A quantised matrix, its first or last byte at a guard page, and the values that are in it.</summary>
internal sealed unsafe class GuardedBlocks : IDisposable
{
    private readonly GuardedMemory _memory;

    public GuardedBlocks(WeightType type, int rows, int columns, float[] values, Edge edge = Edge.End)
    {
        BlockLayout layout = new(type, rows, columns);
        _memory = new GuardedMemory(layout.Bytes);
        byte* data = _memory.Block(layout.Bytes, edge);
        for (int group = 0; group < layout.Groups; group++)
        {
            int first = group * BlockLayout.GroupRows, count = Math.Min(BlockLayout.GroupRows, rows - first);
            BlockQuantizer.Write(layout, values.AsSpan(first * columns, count * columns), [], new Span<byte>(data + ((long)group * layout.GroupBytes), layout.GroupBytes));
        }
        Matrix = new WeightMatrix(type, data, rows, columns);
        Values = new float[rows * columns];
        for (int row = 0; row < rows; row++)
            BlockQuantizer.CopyRow(Matrix, row, Values.AsSpan(row * columns, columns));
    }

    public WeightMatrix Matrix { get; }

    public float[] Values { get; }

    public void Dispose() => _memory.Dispose();
}
