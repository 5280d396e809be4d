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
