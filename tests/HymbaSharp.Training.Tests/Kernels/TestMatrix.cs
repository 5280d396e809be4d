using System.Numerics;
using System.Runtime.InteropServices;
using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>
/// A matrix whose elements are NaN until they are written, as is what lies before, between and after its rows: no kernel may use or change
/// that, and a kernel that adds to a result in place of writing it leaves NaN.
/// </summary>
internal sealed unsafe class TestMatrix<T> : IDisposable where T : unmanaged, INumber<T>
{
    private const byte Untouched = 0xFF;
    private const int Margin = 32;

    private readonly NativeBuffer _memory;
    private readonly MatrixOf<T> _matrix;

    public TestMatrix(int rows, int columns, int gap = 0)
    {
        _memory = new NativeBuffer((((long)rows * (columns + gap)) + (2 * Margin)) * sizeof(T));
        // One element past the margin, so that rows begin unaligned.
        _matrix = new MatrixOf<T>((T*)_memory.Floats + Margin - 1, rows, columns, columns + gap);
        new Span<byte>(_memory.Floats, (int)_memory.Bytes).Fill(Untouched);
    }

    public static implicit operator MatrixOf<T>(TestMatrix<T> matrix) => matrix._matrix;

    /// <summary>The elements, row after row without gaps.</summary>
    public T[] Values
    {
        get
        {
            T[] values = new T[_matrix.Rows * _matrix.Columns];
            for (int row = 0; row < _matrix.Rows; row++)
                new Span<T>(_matrix[row], _matrix.Columns).CopyTo(values.AsSpan(row * _matrix.Columns));
            return values;
        }
    }

    public TestMatrix<T> Fill(ReadOnlySpan<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            _matrix[i / _matrix.Columns][i % _matrix.Columns] = T.CreateChecked(values[i]);
        return this;
    }

    public void AssertUntouchedAround()
    {
        Assert.Equal(-1, Bytes(_memory.Floats, _matrix.Data).IndexOfAnyExcept(Untouched));
        for (int row = 0; row < _matrix.Rows; row++)
        {
            T* end = _matrix[row] + _matrix.Columns, next = row + 1 < _matrix.Rows ? _matrix[row + 1] : (T*)((byte*)_memory.Floats + _memory.Bytes);
            Assert.True(Bytes(end, next).IndexOfAnyExcept(Untouched) < 0, $"memory after row {row} was overwritten");
        }
    }

    public void Dispose() => _memory.Dispose();

    private static Span<byte> Bytes(void* start, void* end) => MemoryMarshal.CreateSpan(ref *(byte*)start, (int)((byte*)end - (byte*)start));
}
