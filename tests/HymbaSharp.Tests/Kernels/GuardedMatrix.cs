using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

/// <summary>A matrix whose first or last element touches a guard page. What lies between its rows is a NaN that no kernel may use or change.</summary>
internal sealed unsafe class GuardedMatrix : IDisposable
{
    private const uint Gap = 0xFFABCDEF;

    private readonly GuardedMemory _memory;
    private readonly Matrix _matrix;

    public GuardedMatrix(int rows, int columns, int gap = 0, Edge edge = Edge.End)
    {
        int stride = columns + gap;
        long floats = Math.Max(((long)(rows - 1) * stride) + columns, 0);
        _memory = new GuardedMemory(floats * sizeof(float));
        float* data = (float*)_memory.Block(floats * sizeof(float), edge);
        new Span<uint>(data, (int)floats).Fill(Gap);
        _matrix = new Matrix(data, rows, columns, stride);
    }

    public float* Data => _matrix.Data;

    public static implicit operator Matrix(GuardedMatrix matrix) => matrix._matrix;

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
        set
        {
            for (int row = 0; row < _matrix.Rows; row++)
                value.AsSpan(row * _matrix.Columns, _matrix.Columns).CopyTo(_matrix.Row(row));
        }
    }

    public GuardedMatrix Fill(float[] values)
    {
        Values = values;
        return this;
    }

    public void AssertGapsUntouched()
    {
        for (int row = 0; row < _matrix.Rows - 1; row++)
        {
            int changed = new Span<uint>(_matrix[row] + _matrix.Columns, _matrix.Stride - _matrix.Columns).IndexOfAnyExcept(Gap);
            Assert.True(changed < 0, $"row {row}: column {_matrix.Columns + changed} was overwritten");
        }
    }

    public void Dispose() => _memory.Dispose();
}
