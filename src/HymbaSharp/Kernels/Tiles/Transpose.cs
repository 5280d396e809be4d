using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>Copies between row-major and column-major, in blocks of four by four.</summary>
internal static unsafe class Transpose
{
    /// <summary>destination[c, r] = source[r, c] for all r &lt; rows, c &lt; columns; with <paramref name="accumulate"/> it is added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint sourceStride, float* destination, nint destinationStride, int rows, int columns, bool accumulate)
    {
        // Columns of the source outside: the rows written are far apart, and often in the same cache sets, so each is filled at one go.
        int c = 0;
        for (; c + 4 <= columns; c += 4)
        {
            float* d = destination + (c * destinationStride);
            int r = 0;
            for (; r + 4 <= rows; r += 4)
            {
                float* s0 = source + (r * sourceStride) + c, s1 = s0 + sourceStride, s2 = s1 + sourceStride, s3 = s2 + sourceStride;
                Block(Vector128.Load(s0), Vector128.Load(s1), Vector128.Load(s2), Vector128.Load(s3), d + r, destinationStride, accumulate);
            }
            for (; r < rows; r++)
            {
                float* s = source + (r * sourceStride) + c;
                Put(d + r, s[0], accumulate);
                Put(d + r + destinationStride, s[1], accumulate);
                Put(d + r + (2 * destinationStride), s[2], accumulate);
                Put(d + r + (3 * destinationStride), s[3], accumulate);
            }
        }
        for (; c < columns; c++)
        {
            for (int r = 0; r < rows; r++)
                Put(destination + (c * destinationStride) + r, source[(r * sourceStride) + c], accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float* destination, nint stride, bool accumulate)
    {
        // Pairs, then pairs of pairs: a0 b0 a1 b1 | a2 b2 a3 b3, and the same of c and d.
        Vector128<double> ab01 = ZipLower(a, b).AsDouble(), ab23 = ZipUpper(a, b).AsDouble();
        Vector128<double> cd01 = ZipLower(c, d).AsDouble(), cd23 = ZipUpper(c, d).AsDouble();
        Put(destination, ZipLower(ab01, cd01).AsSingle(), accumulate);
        Put(destination + stride, ZipUpper(ab01, cd01).AsSingle(), accumulate);
        Put(destination + (2 * stride), ZipLower(ab23, cd23).AsSingle(), accumulate);
        Put(destination + (3 * stride), ZipUpper(ab23, cd23).AsSingle(), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLower(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipUpper(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLower(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipUpper(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* destination, Vector128<float> value, bool accumulate) =>
        (accumulate ? Vector128.Load(destination) + value : value).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* destination, float value, bool accumulate) =>
        *destination = accumulate ? *destination + value : value;
}
