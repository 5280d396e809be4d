namespace HymbaSharp.Weights;

/// <summary>A type weights are stored in.</summary>
public enum WeightType
{
    /// <summary>32-bit float.</summary>
    F32,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,
}

/// <summary>A matrix of weights [Rows, Columns] = [out, in], row-major, used in place in its stored type. The memory belongs to the checkpoint.</summary>
internal sealed unsafe class WeightMatrix
{
    public WeightMatrix(WeightType type, byte* data, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        Type = type;
        Data = data;
        Rows = rows;
        Columns = columns;
    }

    public WeightType Type { get; }

    public byte* Data { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int ElementSize => Type == WeightType.F32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Bytes of the whole matrix: what one decode step reads of it.</summary>
    public long Bytes => (long)Rows * Columns * ElementSize;
}
