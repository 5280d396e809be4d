using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// How queries form the rows of a product: a row for each token and each query head of the group, the heads of a token together, in blocks
/// of whole register tiles.
/// </summary>
internal static class QueryBlock
{
    // Ten register tiles: scores of a panel of keys and their gradients then take 15 KB each of the first-level cache.
    private const int MostRows = 10 * RegisterTileShape.Rows;

    private const int LineFloats = NativeBuffer.Alignment / sizeof(float);

    /// <summary>Tokens of a block.</summary>
    public static int Tokens(AttentionHeads heads) => Math.Max(MostRows / heads.Group, 1);

    /// <summary>Rows of a block in memory: its tokens' heads, filled up to whole tiles.</summary>
    public static int Rows(AttentionHeads heads) => Tiled(Tokens(heads) * heads.Group);

    /// <summary>Rows filled up to whole register tiles.</summary>
    public static int Tiled(int rows) => (rows + RegisterTileShape.Rows - 1) / RegisterTileShape.Rows * RegisterTileShape.Rows;

    /// <summary>Floats filled up to whole vectors of every width, and to whole cache lines.</summary>
    public static nint Lines(nint floats) => (floats + LineFloats - 1) / LineFloats * LineFloats;
}

/// <summary>Cuts a worker's memory into pieces that begin on cache lines. Starting at null it measures.</summary>
internal unsafe ref struct ScratchCursor(float* memory)
{
    /// <summary>Where the next piece begins.</summary>
    public float* Next { get; private set; } = memory;

    public float* Take(nint floats)
    {
        float* piece = Next;
        Next += QueryBlock.Lines(floats);
        return piece;
    }
}
