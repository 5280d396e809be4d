using HymbaSharp.Checkpoints;

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

    /// <summary>8-bit integers in blocks of 64 columns under one bfloat16 scale: 8.25 bits a weight.</summary>
    Q8,

    /// <summary>4-bit integers in blocks of 32 columns under one bfloat16 scale: 4.5 bits a weight.</summary>
    Q4,
}

/// <summary>
/// A matrix of weights [Rows, Columns] = [out, in], used in place in its stored type: row-major floats, or blocks as <see cref="BlockLayout"/>
/// has them. The memory belongs to the checkpoint, or to whoever quantised it.
/// </summary>
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
        Blocks = IsQuantized ? new BlockLayout(type, rows, columns) : null;
    }

    /// <summary>The matrix a checkpoint's tensor of two dimensions is.</summary>
    public static WeightMatrix Of(Tensor tensor)
    {
        WeightType type = tensor.Type switch
        {
            ElementType.F32 => WeightType.F32,
            ElementType.F16 => WeightType.F16,
            ElementType.BF16 => WeightType.BF16,
            _ => throw new CheckpointException($"Tensor {tensor.Name} has type {tensor.Type.Name()}; weights are F32, F16 or BF16."),
        };
        return new WeightMatrix(type, tensor.Data, checked((int)tensor.Shape[0]), checked((int)tensor.Shape[1]));
    }

    public WeightType Type { get; }

    public byte* Data { get; }

    public int Rows { get; }

    public int Columns { get; }

    public bool IsQuantized => Type is WeightType.Q8 or WeightType.Q4;

    /// <summary>The layout of a quantised matrix; null of any other.</summary>
    public BlockLayout? Blocks { get; }

    /// <summary>Bytes of the whole matrix: what one decode step reads of it.</summary>
    public long Bytes => Blocks?.Bytes ?? (long)Rows * Columns * (Type == WeightType.F32 ? sizeof(float) : sizeof(ushort));
}
