using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Diagnostics;

/// <summary>Reads memory as the dot kernel reads weights, with nothing done to it.</summary>
internal unsafe struct ReadProbe : IParallelWork
{
    private const int PrefetchFloats = 512;

    public KernelPath Path;
    public float* Data;
    public int PartBytes;

    // Written so that the reads can't be left out.
    private float _seen;

    public void Execute(int part, int worker)
    {
        int floats = PartBytes / sizeof(float);
        float* data = Data + ((nint)part * floats);
        _seen = Path switch
        {
            KernelPath.Scalar or KernelPath.Vector128 => Read<Simd128, Vector128<float>>(data, floats),
            KernelPath.Vector256 => Read<Simd256, Vector256<float>>(data, floats),
            _ => Read<Simd512, Vector512<float>>(data, floats),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Read<S, V>(float* data, int floats) where S : struct, ISimd<V> where V : struct
    {
        V a = S.Zero, b = S.Zero, c = S.Zero, d = S.Zero;
        for (int i = 0; i < floats; i += 4 * S.Count)
        {
            if (Sse.IsSupported)
            {
                for (int line = 0; line < 4 * S.Count; line += 16)
                    Sse.Prefetch0(data + i + line + PrefetchFloats);
            }
            a = S.Add(a, S.Load(data + i));
            b = S.Add(b, S.Load(data + i + S.Count));
            c = S.Add(c, S.Load(data + i + (2 * S.Count)));
            d = S.Add(d, S.Load(data + i + (3 * S.Count)));
        }
        return S.Sum(S.Add(S.Add(a, b), S.Add(c, d)));
    }
}

/// <summary>Dot products of bytes on registers alone, with the instructions of the block kernels and enough independent sums.</summary>
internal struct IntegerProbe : IParallelWork
{
    /// <summary>Independent sums.</summary>
    public const int Sums = 12;

    // Products that a lane takes in one step.
    private const int ProductsPerLane = 4;

    public KernelPath Path;
    public int Steps;

    private int _seen;

    /// <summary>Products of one sum and step.</summary>
    public readonly int Products => ProductsPerLane * Path switch
    {
        KernelPath.Scalar => 1,
        KernelPath.Vector128 => ByteDot128.Count,
        _ => ByteDot256<VnniProducts>.Count,
    };

    public void Execute(int part, int worker) => _seen = Path switch
    {
        KernelPath.Scalar => Scalar(Steps),
        KernelPath.Vector128 => Run<ByteDot128, Vector128<int>, Vector128<float>>(Steps).ToScalar(),
        _ => AvxVnni.IsSupported
            ? Run<ByteDot256<VnniProducts>, Vector256<int>, Vector256<float>>(Steps).ToScalar()
            : Run<ByteDot256<Avx2Products>, Vector256<int>, Vector256<float>>(Steps).ToScalar(),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Run<D, V, F>(int steps) where D : struct, IByteDot<V, F> where V : struct where F : struct
    {
        V q = D.Create(0x7F817F81), x = D.Create(0x01FF01FF);
        V a = q, b = q, c = q, d = q, e = q, f = q, g = q, h = q, i = q, j = q, k = q, l = q;
        for (int step = 0; step < steps; step++)
        {
            a = D.DotBytes(a, q, x);
            b = D.DotBytes(b, q, x);
            c = D.DotBytes(c, q, x);
            d = D.DotBytes(d, q, x);
            e = D.DotBytes(e, q, x);
            f = D.DotBytes(f, q, x);
            g = D.DotBytes(g, q, x);
            h = D.DotBytes(h, q, x);
            i = D.DotBytes(i, q, x);
            j = D.DotBytes(j, q, x);
            k = D.DotBytes(k, q, x);
            l = D.DotBytes(l, q, x);
        }
        V left = D.Add(D.Add(D.Add(a, b), D.Add(c, d)), D.Add(e, f));
        return D.Add(left, D.Add(D.Add(D.Add(g, h), D.Add(i, j)), D.Add(k, l)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Scalar(int steps)
    {
        Span<int> sums = stackalloc int[Sums];
        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < Sums; i++)
                sums[i] += (sums[i] & 255) * 3 + (sums[i] & 15) * 5 + (sums[i] & 31) * 7 + (sums[i] & 63) * 9;
        }
        return sums[0] + sums[Sums - 1];
    }
}

/// <summary>Multiply-adds on registers alone, enough independent sums to fill every unit's latency.</summary>
internal struct ArithmeticProbe : IParallelWork
{
    /// <summary>Independent sums.</summary>
    public const int Sums = 12;

    public KernelPath Path;
    public int Steps;

    private float _seen;

    public readonly int Lanes => Path switch
    {
        KernelPath.Scalar => 1,
        KernelPath.Vector128 => Simd128.Count,
        KernelPath.Vector256 => Simd256.Count,
        _ => Simd512.Count,
    };

    public void Execute(int part, int worker) => _seen = Path switch
    {
        KernelPath.Scalar => Scalar(Steps),
        KernelPath.Vector128 => Run<Simd128, Vector128<float>>(Steps),
        KernelPath.Vector256 => Run<Simd256, Vector256<float>>(Steps),
        _ => Run<Simd512, Vector512<float>>(Steps),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run<S, V>(int steps) where S : struct, ISimd<V> where V : struct
    {
        V m = S.Create(0.999f);
        V a = m, b = m, c = m, d = m, e = m, f = m, g = m, h = m, i = m, j = m, k = m, l = m;
        for (int step = 0; step < steps; step++)
        {
            a = S.MultiplyAdd(a, m, m);
            b = S.MultiplyAdd(b, m, m);
            c = S.MultiplyAdd(c, m, m);
            d = S.MultiplyAdd(d, m, m);
            e = S.MultiplyAdd(e, m, m);
            f = S.MultiplyAdd(f, m, m);
            g = S.MultiplyAdd(g, m, m);
            h = S.MultiplyAdd(h, m, m);
            i = S.MultiplyAdd(i, m, m);
            j = S.MultiplyAdd(j, m, m);
            k = S.MultiplyAdd(k, m, m);
            l = S.MultiplyAdd(l, m, m);
        }
        V left = S.Add(S.Add(S.Add(a, b), S.Add(c, d)), S.Add(e, f));
        return S.Sum(S.Add(left, S.Add(S.Add(S.Add(g, h), S.Add(i, j)), S.Add(k, l))));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Scalar(int steps)
    {
        Span<float> sums = stackalloc float[Sums];
        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < Sums; i++)
                sums[i] = (sums[i] * 0.999f) + 0.999f;
        }
        return sums[0] + sums[Sums - 1];
    }
}
