using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Tests.Kernels.Attention;

/// <summary>A float32 matrix that is some columns of a wider one. What lies around it is a NaN that no kernel may use or change.</summary>
internal sealed unsafe class StridedRows : IDisposable
{
    private const int Before = 5, After = 3;
    private const uint Outside = 0xFFABCDEF;

    private readonly NativeBuffer _memory;
    private readonly Matrix _matrix;

    public StridedRows(int rows, int columns)
    {
        int stride = Before + columns + After;
        _memory = new NativeBuffer((long)(rows + 1) * stride * sizeof(float));
        new Span<uint>(_memory.Floats, (rows + 1) * stride).Fill(Outside);
        _matrix = new Matrix(_memory.Floats + Before, rows, columns, stride);
    }

    public static implicit operator Matrix(StridedRows rows) => rows._matrix;

    /// <summary>The elements, row after row without gaps.</summary>
    public float[] Values
    {
        get
        {
            float[] values = new float[_matrix.Rows * _matrix.Columns];
            for (int row = 0; row < _matrix.Rows; row++)
                _matrix.Row(row).CopyTo(values.AsSpan(row * _matrix.Columns));
            return values;
        }
    }

    public StridedRows Fill(float[] values)
    {
        for (int row = 0; row < _matrix.Rows; row++)
            values.AsSpan(row * _matrix.Columns, _matrix.Columns).CopyTo(_matrix.Row(row));
        return this;
    }

    public void AssertNothingOutsideChanged()
    {
        for (int row = -1; row < _matrix.Rows; row++)
        {
            float* start = row < 0 ? _memory.Floats : _matrix[row] + _matrix.Columns;
            int changed = new Span<uint>(start, row < 0 ? Before : After + Before).IndexOfAnyExcept(Outside);
            Assert.True(changed < 0, $"{changed} elements behind row {row} something was written");
        }
    }

    public void Dispose() => _memory.Dispose();
}
