using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>128-bit vectors: Arm's dot-product instruction where there is one, else pairs that sum up in 16 bits (SSSE3), else products widened to 16 bits.</summary>
internal unsafe struct ByteDot128 : IByteDot<Vector128<int>, Vector128<float>>
{
    public static int Count => 4;

    public static bool IsSigned => true;

    public static Vector128<int> Zero => Vector128<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Create(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(byte* source) => Vector128.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(sbyte* source) => Vector128.Create(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LowNibbles(Vector128<int> bytes) => bytes & Vector128.Create(0x0F0F0F0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> HighNibbles(Vector128<int> bytes) => Vector128.ShiftRightLogical(bytes, 4) & Vector128.Create(0x0F0F0F0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> a, Vector128<int> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> DotNibbles(Vector128<int> sum, Vector128<int> quants, Vector128<int> activations) => Dot(sum, quants.AsSByte(), activations.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> DotBytes(Vector128<int> sum, Vector128<int> quants, Vector128<int> activations) =>
        Dot(sum, (quants ^ Vector128.Create(unchecked((int)0x80808080))).AsSByte(), activations.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<int> lanes) => Vector128.ConvertToSingle(lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dot(Vector128<int> sum, Vector128<sbyte> quants, Vector128<sbyte> activations)
    {
        if (Dp.IsSupported)
            return Dp.DotProduct(sum, quants, activations);
        if (Ssse3.IsSupported)
            return sum + Sse2.MultiplyAddAdjacent(Ssse3.MultiplyAddAdjacent(Ssse3.Abs(quants), Ssse3.Sign(activations, quants)), Vector128<short>.One);
        // Even and odd bytes of each pair, then even and odd pairs of each lane: the sign is filled in by shifting down.
        Vector128<short> q = quants.AsInt16(), a = activations.AsInt16();
        Vector128<short> even = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(q, 8), 8) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(a, 8), 8);
        Vector128<short> odd = Vector128.ShiftRightArithmetic(q, 8) * Vector128.ShiftRightArithmetic(a, 8);
        Vector128<int> pairs = (even + odd).AsInt32();
        return sum + Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(pairs, 16), 16) + Vector128.ShiftRightArithmetic(pairs, 16);
    }
}
