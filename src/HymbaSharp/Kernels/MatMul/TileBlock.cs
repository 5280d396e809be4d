
namespace HymbaSharp.Kernels;

/// <summary>How a matrix is cut into blocks that stay in a core's second-level cache.</summary>
internal static class TileBlock
{
    // 576 × 64 floats are 144 KB, a small part of a 1 MB second-level cache.
    private const int MaxDepth = 576;

    // Widened weights of a block; with a panel's pass beside them they leave a third of a 1 MB cache free.
    private const int WeightBytes = 544 * 1024;

    // A multiple of the tile's six rows and of the four that Transpose moves at once.
    private const int RowUnit = 2 * RegisterTileShape.Rows;

    /// <summary>Depth of one pass over a panel: the columns in equal parts, so that no short one is left at the end.</summary>
    public static int Depth(int columns)
    {
        int passes = (columns + MaxDepth - 1) / MaxDepth;
        return (columns + passes - 1) / passes;
    }

    /// <summary>Weight rows of a block of <paramref name="columns"/> columns.</summary>
    public static int Rows(int columns) => Math.Clamp(WeightBytes / sizeof(float) / columns / RowUnit, 1, 8) * RowUnit;

    /// <summary>Floats a worker needs: the widened weights and the block of results.</summary>
    public static long ScratchFloats(int rows, int columns, int panelColumns) => ((long)rows * columns) + ((long)rows * panelColumns);
}
