namespace HymbaSharp.Kernels;

/// <summary>Rows of float32 in unmanaged memory: <see cref="Rows"/> × <see cref="Columns"/>, a row every <see cref="Stride"/> floats.</summary>
internal readonly unsafe struct Matrix
{
    public readonly float* Data;
    public readonly int Rows;
    public readonly int Columns;
    public readonly int Stride;

    public Matrix(float* data, int rows, int columns, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, columns);
        Data = data;
        Rows = rows;
        Columns = columns;
        Stride = stride;
    }

    /// <summary>Where row <paramref name="row"/> begins.</summary>
    public float* this[int row] => Data + ((nint)row * Stride);

    /// <summary>Row <paramref name="row"/> as a span.</summary>
    public Span<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        return new(this[row], Columns);
    }

    /// <summary>The columns from <paramref name="start"/> on, <paramref name="count"/> of them, of every row.</summary>
    public Matrix Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)(uint)start + (uint)count, (ulong)Columns);
        return new(Data + start, Rows, count, Stride);
    }

    /// <summary>The rows from <paramref name="start"/> on, <paramref name="count"/> of them.</summary>
    public Matrix SliceRows(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)(uint)start + (uint)count, (ulong)Rows);
        return new(this[start], count, Columns, Stride);
    }
}
