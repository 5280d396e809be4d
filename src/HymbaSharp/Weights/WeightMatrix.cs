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

    public int ElementSize => Type == WeightType.F32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Bytes of the whole matrix: what one decode step reads of it.</summary>
    public long Bytes => (long)Rows * Columns * ElementSize;
}
