using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>A type weights are stored in, read in place and widened to float32 on the way into a register.</summary>
internal unsafe interface IStoredType
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int Size { get; }

    /// <summary>Widens the weights at <paramref name="source"/>, unaligned, to one vector.</summary>
    static abstract V Load<S, V>(byte* source) where S : ISimd<V> where V : struct;

    /// <summary>Widens the weight at <paramref name="source"/>.</summary>
    static abstract float LoadOne(byte* source);
}

/// <summary>float32.</summary>
internal unsafe struct StoredSingle : IStoredType
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<S, V>(byte* source) where S : ISimd<V> where V : struct => S.Load((float*)source);

    public static float LoadOne(byte* source) => Unsafe.ReadUnaligned<float>(source);
}

/// <summary>IEEE half.</summary>
internal unsafe struct StoredHalf : IStoredType
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<S, V>(byte* source) where S : ISimd<V> where V : struct => S.LoadHalf((ushort*)source);

    public static float LoadOne(byte* source) => (float)Unsafe.ReadUnaligned<Half>(source);
}

/// <summary>bfloat16: the upper sixteen bits of a float32.</summary>
internal unsafe struct StoredBFloat16 : IStoredType
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<S, V>(byte* source) where S : ISimd<V> where V : struct => S.LoadBFloat16((ushort*)source);

    public static float LoadOne(byte* source) => BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(source) << 16);

    /// <summary>The nearest bfloat16, ties to even; NaN stays NaN.</summary>
    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        // Rounding would carry a NaN with a low payload into infinity.
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
