using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class StoredTypeTests
{
    private const int Patterns = 1 << 16;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Every_half_widens_exactly(KernelPath path) => AssertExact(Widen<StoredHalf>(path), bits => (float)BitConverter.UInt16BitsToHalf(bits));

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Every_bfloat16_widens_exactly(KernelPath path) =>
        AssertExact(Widen<StoredBFloat16>(path), bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));

    [Theory]
    [InlineData(WeightType.F32)]
    [InlineData(WeightType.F16)]
    [InlineData(WeightType.BF16)]
    public void A_row_is_copied_as_it_is(WeightType type)
    {
        for (int columns = 1; columns <= 64; columns++)
        {
            using GuardedWeights weights = new(type, 3, columns, new Samples(columns).Mixed(3 * columns));
            float[] row = new float[columns];
            for (int i = 0; i < 3; i++)
            {
                MatMul.CopyRow(weights.Matrix, i, row);
                Assert.Equal(weights.Values[(i * columns)..((i + 1) * columns)], row);
            }
            Assert.Throws<ArgumentOutOfRangeException>(() => MatMul.CopyRow(weights.Matrix, 3, row));
            Assert.Throws<ArgumentOutOfRangeException>(() => MatMul.CopyRow(weights.Matrix, -1, row));
            Assert.Throws<ArgumentOutOfRangeException>(() => MatMul.CopyRow(weights.Matrix, 0, new float[columns + 1]));
        }
    }

    private static void AssertExact(float[] widened, Func<ushort, float> exact)
    {
        for (int bits = 0; bits < Patterns; bits++)
        {
            float expected = exact((ushort)bits), actual = widened[bits];
            bool same = float.IsNaN(expected) ? float.IsNaN(actual) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(actual);
            Assert.True(same, $"{bits:X4} became {actual:R}, must be {expected:R}");
        }
    }

    private static float[] Widen<W>(KernelPath path) where W : struct, IStoredType
    {
        using GuardedMemory memory = new(Patterns * sizeof(ushort));
        ushort* source = (ushort*)memory.Block(Patterns * sizeof(ushort), Edge.End);
        for (int bits = 0; bits < Patterns; bits++)
            source[bits] = (ushort)bits;
        float[] widened = new float[Patterns];
        fixed (float* destination = widened)
        {
            switch (path)
            {
                case KernelPath.Scalar:
                    for (int bits = 0; bits < Patterns; bits++)
                        destination[bits] = W.LoadOne((byte*)(source + bits));
                    break;
                case KernelPath.Vector128:
                    Widen<Simd128, Vector128<float>, W>(source, destination);
                    break;
                case KernelPath.Vector256:
                    Widen<Simd256, Vector256<float>, W>(source, destination);
                    break;
                default:
                    Widen<Simd512, Vector512<float>, W>(source, destination);
                    break;
            }
        }
        return widened;
    }

    private static void Widen<S, V, W>(ushort* source, float* destination) where S : struct, ISimd<V> where V : struct where W : struct, IStoredType
    {
        for (int i = 0; i < Patterns; i += S.Count)
            S.Store(W.Load<S, V>((byte*)(source + i)), destination + i);
    }
}
