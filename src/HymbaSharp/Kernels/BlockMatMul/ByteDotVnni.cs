using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>x86 with AVX-VNNI: one instruction multiplies and sums.</summary>
internal unsafe struct ByteDotVnni : IByteDot<Vector256<int>, Vector256<float>>
{
    public static int Count => 8;

    public static bool IsSigned => false;

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
    public static Vector256<int> DotNibbles(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) =>
        AvxVnni.MultiplyWideningAndAdd(sum, quants.AsByte(), activations.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotBytes(Vector256<int> sum, Vector256<int> quants, Vector256<int> activations) =>
        AvxVnni.MultiplyWideningAndAdd(sum, quants.AsByte(), activations.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> lanes) => Vector256.ConvertToSingle(lanes);
}
