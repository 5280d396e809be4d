using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

/// <summary>Errors of the elementary functions against double precision, in units in the last place.</summary>
public sealed unsafe class ElementaryTests(ITestOutputHelper output)
{
    private const int Block = 1 << 14;

    // Exp's limits (docs/numerics.md): it gives 0 below the first and infinity above the second.
    private const float ExpSmallest = -87.33654f, ExpLargest = 88.37626f;

    private enum Function
    {
        Exp,
        Silu,
        Softplus,
    }

    /// <summary>Inputs 1021 bit patterns apart, a prime: 4.2 million of every sign, exponent and pattern of low bits.</summary>
    [Fact]
    public void Errors_stay_within_the_stated_ones() => Sweep(stride: 1021);

    [Fact(Explicit = true)]
    public void Errors_over_every_float32_stay_within_the_stated_ones() => Sweep(stride: 1);

    // docs/numerics.md. The scalar twin of silu has the error of the platform's expf in it; its 2.4 ulp were measured with glibc.
    private static double Stated(KernelPath path, Function function) => function switch
    {
        Function.Exp => 1.3,
        Function.Silu => path == KernelPath.Scalar ? 3 : 3.1,
        _ => path == KernelPath.Scalar ? 0.6 : 3.9,
    };

    private void Sweep(long stride)
    {
        foreach (Function function in Enum.GetValues<Function>())
        {
            KernelPath[] paths = [.. KernelPaths.Available.Where(path => function != Function.Exp || path != KernelPath.Scalar)];
            Error[] worst = new Error[paths.Length];
            Lock gate = new();
            long blocks = ((1L << 32) + (Block * stride) - 1) / (Block * stride);
            _ = Parallel.For(0, blocks, () => new Error[paths.Length], (block, _, errors) => Measure(function, paths, block * Block * stride, stride, errors), errors =>
            {
                lock (gate)
                {
                    for (int i = 0; i < paths.Length; i++)
                        worst[i] = Error.Larger(worst[i], errors[i]);
                }
            });
            for (int i = 0; i < paths.Length; i++)
                output.WriteLine($"{function} {paths[i]}: {worst[i].Ulps:F4} ulp at {worst[i].At:R}");
            for (int i = 0; i < paths.Length; i++)
                Assert.True(worst[i].Ulps <= Stated(paths[i], function), $"{function} {paths[i]}: {worst[i].Ulps} ulp at {worst[i].At:R}");
        }
    }

    private static Error[] Measure(Function function, KernelPath[] paths, long start, long stride, Error[] worst)
    {
        int count = (int)Math.Min(Block, ((1L << 32) - start + stride - 1) / stride);
        float* x = stackalloc float[Block], y = stackalloc float[Block];
        double* exact = stackalloc double[Block];
        for (int i = 0; i < Block; i++)
        {
            x[i] = BitConverter.UInt32BitsToSingle((uint)(start + (Math.Min(i, count - 1) * stride)));
            exact[i] = Exact(function, x[i]);
        }
        for (int p = 0; p < paths.Length; p++)
        {
            Apply(paths[p], function, x, y);
            for (int i = 0; i < count; i++)
            {
                double ulps = Ulps(y[i], exact[i]);
                if (ulps > worst[p].Ulps && ulps > OutsideLimits(paths[p], function, x[i], y[i]))
                    worst[p] = new Error(ulps, x[i]);
            }
        }
        return worst;
    }

    private static double Exact(Function function, float x) => function switch
    {
        Function.Exp => Math.Exp(x),
        Function.Silu => Precise.Silu(x),
        _ => Precise.Softplus(x),
    };

    private static double Ulps(float actual, double exact)
    {
        if (double.IsNaN(exact))
            return float.IsNaN(actual) ? 0 : double.PositiveInfinity;
        if (Math.Abs(exact) > float.MaxValue)
            return actual == (float)exact ? 0 : double.PositiveInfinity;
        double ulps = Math.Abs(actual - exact) / Precise.Ulp(exact);
        return double.IsNaN(ulps) ? double.PositiveInfinity : ulps;
    }

    /// <summary>Infinity, an error that is no error, where a vector function gives the value documented for arguments beyond Exp's limits.</summary>
    private static double OutsideLimits(KernelPath path, Function function, float x, float y)
    {
        bool documented = function switch
        {
            Function.Exp => (x < ExpSmallest && y == 0) || (x > ExpLargest && float.IsPositiveInfinity(y)),
            // Where e^-x overflows; the scalar twin's does a little later, at the end of float32.
            Function.Silu => y == 0 && float.IsNegative(y) && float.IsFinite(x) && x < (path == KernelPath.Scalar ? -88.72f : -ExpLargest),
            _ => path != KernelPath.Scalar && x < ExpSmallest && y == 0,
        };
        return documented || (function == Function.Silu && float.IsNegativeInfinity(x) && float.IsNaN(y)) ? double.PositiveInfinity : 0;
    }

    private static void Apply(KernelPath path, Function function, float* x, float* y)
    {
        switch (path)
        {
            case KernelPath.Scalar:
                for (int i = 0; i < Block; i++)
                    y[i] = function == Function.Silu ? ScalarElementary.Silu(x[i]) : ScalarElementary.Softplus(x[i]);
                break;
            case KernelPath.Vector128:
                Apply<Simd128, Vector128<float>>(function, x, y);
                break;
            case KernelPath.Vector256:
                Apply<Simd256, Vector256<float>>(function, x, y);
                break;
            default:
                Apply<Simd512, Vector512<float>>(function, x, y);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<S, V>(Function function, float* x, float* y) where S : struct, ISimd<V> where V : struct
    {
        for (int i = 0; i < Block; i += S.Count)
        {
            V v = S.Load(x + i);
            S.Store(function == Function.Exp ? Elementary<S, V>.Exp(v) : function == Function.Silu ? Elementary<S, V>.Silu(v) : Elementary<S, V>.Softplus(v), y + i);
        }
    }

    private readonly record struct Error(double Ulps, float At)
    {
        public static Error Larger(Error a, Error b) => a.Ulps >= b.Ulps ? a : b;
    }
}
