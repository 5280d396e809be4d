using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Kernels;

/// <summary>A matrix of weights in a stored type, its first or last byte at a guard page, and the values that are in it after rounding to that type.</summary>
internal sealed unsafe class GuardedWeights : IDisposable
{
    private readonly GuardedMemory _memory;

    public GuardedWeights(WeightType type, int rows, int columns, float[] values, Edge edge = Edge.End)
    {
        int size = type == WeightType.F32 ? sizeof(float) : sizeof(ushort);
        _memory = new GuardedMemory((long)values.Length * size);
        byte* data = _memory.Block((long)values.Length * size, edge);
        Values = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            switch (type)
            {
                case WeightType.F32:
                    ((float*)data)[i] = Values[i] = values[i];
                    break;
                case WeightType.F16:
                    ((Half*)data)[i] = (Half)values[i];
                    Values[i] = (float)(Half)values[i];
                    break;
                default:
                    // Rounded towards zero, which is as good a bfloat16 as any.
                    ushort bits = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
                    ((ushort*)data)[i] = bits;
                    Values[i] = BitConverter.UInt32BitsToSingle((uint)bits << 16);
                    break;
            }
        }
        Matrix = new WeightMatrix(type, data, rows, columns);
    }

    public WeightMatrix Matrix { get; }

    public float[] Values { get; }

    public void Dispose() => _memory.Dispose();
}
