using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Activations [T, in] quantised to signed bytes in the blocks of the weights they meet: x = scale · quant. Rows are cut into panels of six,
/// then four, two, one, so that a kernel finds what it needs next in one line:
/// <code>
/// quants   [panel][quads][rows of the panel][4 columns], padded columns 0
/// scales   [panel][blocks][rows of the panel]
/// offsets  [panel][blocks][rows of the panel], −zero · Σ quants
/// </code>
/// </summary>
internal readonly unsafe struct BlockPanels
{
    /// <summary>Rows of the widest panel: with two vectors of weight rows, twelve sums are more than an instruction has cycles of latency times units.</summary>
    public const int MaxRows = 6;

    public readonly sbyte* Quants;
    public readonly float* Scales;
    public readonly int* Offsets;
    public readonly int Rows;
    public readonly int PaddedColumns;
    public readonly int Blocks;

    /// <summary>Lays the panels out in memory of <see cref="Bytes"/> bytes.</summary>
    public BlockPanels(byte* memory, int rows, BlockLayout layout)
    {
        Rows = rows;
        PaddedColumns = layout.PaddedColumns;
        Blocks = layout.Blocks;
        Quants = (sbyte*)memory;
        Scales = (float*)(memory + ((long)rows * PaddedColumns));
        Offsets = (int*)(Scales + ((long)rows * Blocks));
    }

    public static long Bytes(int rows, BlockLayout layout) => (long)rows * (layout.PaddedColumns + (layout.Blocks * (sizeof(float) + sizeof(int))));

    /// <summary>Rows of the panel that begins at a row.</summary>
    public int PanelRows(int firstRow) => (Rows - firstRow) switch
    {
        >= MaxRows => MaxRows,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    /// <summary>Panels of so many rows.</summary>
    public static int Count(int rows) => (rows / MaxRows) + (rows % MaxRows) switch
    {
        0 => 0,
        1 or 2 or 4 => 1,
        _ => 2,
    };

    /// <summary>The first row of a panel.</summary>
    public int FirstRow(int panel)
    {
        int row = Math.Min(panel, Rows / MaxRows) * MaxRows;
        for (int rest = panel - (Rows / MaxRows); rest > 0; rest--)
            row += PanelRows(row);
        return row;
    }
}
