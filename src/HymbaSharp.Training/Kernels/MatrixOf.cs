using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Rows of float32 or float64 in unmanaged memory: <see cref="Rows"/> × <see cref="Columns"/>, a row every <see cref="Stride"/> elements.
/// A vector is a matrix of one row.
/// </summary>
internal readonly unsafe struct MatrixOf<T> where T : unmanaged
{
    public readonly T* Data;
    public readonly int Rows;
    public readonly int Columns;
    public readonly int Stride;

    public MatrixOf(T* data, int rows, int columns, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        // What lies between rows that don't exist is nobody's business: a single row may have any stride.
        if (rows > 1)
            ArgumentOutOfRangeException.ThrowIfLessThan(stride, columns);
        Data = data;
        Rows = rows;
        Columns = columns;
        Stride = stride;
    }

    /// <summary>A vector.</summary>
    public MatrixOf(T* data, int count) : this(data, 1, count, count)
    {
    }

    /// <summary>Where row <paramref name="row"/> begins.</summary>
    public T* this[int row] => Data + ((nint)row * Stride);

    /// <summary>Throws unless this has the shape <paramref name="rows"/> × <paramref name="columns"/>.</summary>
    /// <param name="rows">Rows it must have.</param>
    /// <param name="columns">Columns it must have.</param>
    /// <param name="what">The operation and the operand, for the message.</param>
    /// <exception cref="ArgumentException">It has another shape, or no memory.</exception>
    public void Require(int rows, int columns, string what)
    {
        if (Rows != rows || Columns != columns || (Data is null && rows > 0 && columns > 0))
            throw new ArgumentException($"{what} is {(Data is null ? "absent" : $"[{Rows}, {Columns}]")}; it must be [{rows}, {columns}].");
    }
}

/// <summary>Between the engine's view of float32 and the generic one.</summary>
internal static unsafe class MatrixViews
{
    /// <summary>The same memory as a generic view.</summary>
    public static MatrixOf<float> AsMatrixOf(this Matrix matrix) => new(matrix.Data, matrix.Rows, matrix.Columns, matrix.Stride);

    /// <summary>The same memory as the engine's view.</summary>
    public static Matrix AsMatrix(this MatrixOf<float> matrix) => new(matrix.Data, matrix.Rows, matrix.Columns, Math.Max(matrix.Stride, matrix.Columns));
}
