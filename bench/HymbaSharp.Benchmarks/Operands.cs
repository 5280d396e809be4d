using HymbaSharp.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp.Benchmarks;

/// <summary>Memory for a benchmark's operands, filled with small numbers.</summary>
internal sealed unsafe class Operands : IDisposable
{
    private readonly List<NativeBuffer> _buffers = [];

    public Matrix Matrix(int rows, int columns)
    {
        NativeBuffer buffer = Buffer((long)rows * columns * sizeof(float));
        Random random = new(1);
        for (long i = 0; i < (long)rows * columns; i++)
            buffer.Floats[i] = random.NextSingle() - 0.5f;
        return new Matrix(buffer.Floats, rows, columns, columns);
    }

    public WeightMatrix Weights(int rows, int columns)
    {
        NativeBuffer buffer = Buffer((long)rows * columns * sizeof(ushort));
        ushort* weights = (ushort*)buffer.Floats;
        Random random = new(2);
        for (long i = 0; i < (long)rows * columns; i++)
            weights[i] = (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) >> 16);
        return new WeightMatrix(WeightType.BF16, (byte*)weights, rows, columns);
    }

    public NativeBuffer Buffer(long bytes)
    {
        NativeBuffer buffer = new(bytes);
        _buffers.Add(buffer);
        return buffer;
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _buffers)
            buffer.Dispose();
    }
}
