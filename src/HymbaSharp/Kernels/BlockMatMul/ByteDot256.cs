using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>How a 256-bit instruction set multiplies bytes and sums them; see <see cref="IByteDot{V, F}"/>.</summary>
internal interface IByteProducts
{
    static abstract bool IsSigned { get; }

    static abstract Vector256<int> DotNibbles(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations);

    static abstract Vector256<int> DotBytes(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations);
}

/// <summary>256-bit vectors of x86, with one of its ways to multiply bytes.</summary>
internal unsafe struct ByteDot256<P> : IByteDot<Vector256<int>, Vector256<float>> where P : struct, IByteProducts
{
    public static int Count => 8;

    public static bool IsSigned => P.IsSigned;

    public static Vector256<int> Zero => Vector256<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Create(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(byte* source) => Vector256.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(sbyte* source) => Avx2.BroadcastScalarToVector256((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LowNibbles(Vector256<int> bytes) => bytes & Vector256.Create(0x0F0F0F0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> HighNibbles(Vector256<int> bytes) => Vector256.ShiftRightLogical(bytes, 4) & Vector256.Create(0x0F0F0F0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> a, Vector256<int> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotNibbles(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) => P.DotNibbles(sum, quants, activations);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotBytes(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) => P.DotBytes(sum, quants, activations);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> lanes) => Vector256.ConvertToSingle(lanes);
}

/// <summary>AVX-VNNI: one instruction multiplies and sums.</summary>
internal struct VnniProducts : IByteProducts
{
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotNibbles(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) => DotBytes(sum, quants, activations);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotBytes(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) =>
        AvxVnni.MultiplyWideningAndAdd(sum, quants.AsByte(), activations.AsSByte());
}

/// <summary>
/// AVX2: pairs of products sum up in 16 bits, and pairs of pairs in 32. Quants of eight bits would overflow the 16 bits, so their signs move over
/// to the activations: 2 · 127 · 127 fits.
/// </summary>
internal struct Avx2Products : IByteProducts
{
    public static bool IsSigned => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotNibbles(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) =>
        sum + SumPairs(Avx2.MultiplyAddAdjacent(quants.AsByte(), activations.AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotBytes(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations)
    {
        Vector256<sbyte> signed = (quants ^ Vector256.Create(unchecked((int)0x80808080))).AsSByte();
        return sum + SumPairs(Avx2.MultiplyAddAdjacent(Avx2.Abs(signed), Avx2.Sign(activations.AsSByte(), signed)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> SumPairs(Vector256<short> pairs) => Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);
}
