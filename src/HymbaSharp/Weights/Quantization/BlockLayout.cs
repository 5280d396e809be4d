using System.Collections.Immutable;

namespace HymbaSharp.Weights;

/// <summary>
/// How a quantised matrix [out, in] lies in memory, in the order in which kernels read it. Sixteen rows are a group, and groups follow each
/// other. A group is its scales, then its quants, block by block; a block is 64 columns (Q8) or 32 (Q4) of the sixteen rows under one scale
/// each, w = scale · (quant − zero).
/// <code>
/// scales   [blocks][16 rows] bfloat16, padded to 64 bytes
/// Q8       [blocks][16 quads][16 rows][4 columns] bytes, zero 128
/// Q4       [blocks][4 pairs of quads][16 rows][4 columns] bytes: the first quad in the lower halves, the second in the upper; zero 8
/// </code>
/// A vector of 32-bit lanes thus holds four columns each of neighbouring rows: what an instruction sums into one lane. Rows are padded to
/// sixteen with scales of 0, columns to 64 with quants of zero.
/// </summary>
internal readonly record struct BlockLayout
{
    /// <summary>Rows of a group.</summary>
    public const int GroupRows = 16;

    /// <summary>Columns are padded to a multiple of this.</summary>
    public const int ColumnUnit = 64;

    /// <summary>Columns that one instruction sums.</summary>
    public const int QuadColumns = 4;

    private const int Alignment = 64;

    public BlockLayout(WeightType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        Type = type;
        Rows = rows;
        Columns = columns;
        BlockColumns = type switch
        {
            WeightType.Q8 => 64,
            WeightType.Q4 => 32,
            _ => throw new ArgumentException($"{type} has no blocks; Q8 and Q4 have.", nameof(type)),
        };
        PaddedColumns = (int)Padded(columns, ColumnUnit);
        QuantOffset = (int)Padded(Blocks * GroupRows * sizeof(ushort), Alignment);
        BlockBytes = BlockColumns * GroupRows / (type == WeightType.Q8 ? 1 : 2);
        GroupBytes = checked(QuantOffset + (Blocks * BlockBytes));
    }

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Columns under one scale.</summary>
    public int BlockColumns { get; }

    public int PaddedColumns { get; }

    /// <summary>Bytes of a block's quants, those of all rows of a group.</summary>
    public int BlockBytes { get; }

    /// <summary>Where a group's quants begin, in bytes from its start.</summary>
    public int QuantOffset { get; }

    public int GroupBytes { get; }

    /// <summary>Blocks of a row.</summary>
    public int Blocks => PaddedColumns / BlockColumns;

    public int Groups => (Rows + GroupRows - 1) / GroupRows;

    /// <summary>Bytes of the whole matrix.</summary>
    public long Bytes => (long)Groups * GroupBytes;

    /// <summary>The matrix as a tensor of bytes.</summary>
    public ImmutableArray<long> TensorShape => [Groups, GroupBytes];

    /// <summary>What a quant of weight 0 is.</summary>
    public int Zero => Type == WeightType.Q8 ? 128 : 8;

    /// <summary>Where the scale of a row and block lies, in bytes from the matrix's start.</summary>
    public long ScaleOffset(int row, int block) =>
        ((long)(row / GroupRows) * GroupBytes) + (((block * GroupRows) + (row % GroupRows)) * sizeof(ushort));

    /// <summary>Where the byte with the quant of a row and column lies, and how far its bits are shifted up in it.</summary>
    public (long Offset, int Shift) QuantPlace(int row, int column)
    {
        int quad = column / QuadColumns, line = Type == WeightType.Q8 ? quad : quad / 2;
        long offset = ((long)(row / GroupRows) * GroupBytes) + QuantOffset + (((line * GroupRows) + (row % GroupRows)) * QuadColumns) + (column % QuadColumns);
        return (offset, Type == WeightType.Q4 && quad % 2 == 1 ? 4 : 0);
    }

    private static long Padded(long count, int unit) => (count + unit - 1) / unit * unit;
}
