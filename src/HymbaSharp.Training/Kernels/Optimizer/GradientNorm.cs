using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The sum of squares of a gradient, in float64 throughout: no float32 overflows there, so the sum is finite exactly if every element is, and
/// one pass serves clipping and the guard against NaN and infinity. Summed in blocks whose sums are added in order: the same bits for any number of threads.
/// </summary>
internal unsafe struct GradientNorm : IParallelWork
{
    private const int ElementsPerPart = 1 << 16;

    private KernelPath _path;
    private float* _gradient;
    private long _count;
    private double* _sums;

    /// <summary>Σ g² over <paramref name="count"/> elements; NaN or infinite if any element is.</summary>
    public static double SumOfSquares(KernelContext context, float* gradient, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int parts = checked((int)((count + ElementsPerPart - 1) / ElementsPerPart));
        GradientNorm work = new() { _path = context.Path, _gradient = gradient, _count = count, _sums = (double*)context.SharedScratch(2L * parts) };
        context.Pool.Run(ref work, parts);
        double sum = 0;
        for (int part = 0; part < parts; part++)
            sum += work._sums[part];
        return sum;
    }

    public readonly void Execute(int part, int worker)
    {
        long start = (long)part * ElementsPerPart;
        int count = (int)Math.Min(ElementsPerPart, _count - start);
        float* gradient = _gradient + start;
        int done = 0;
        double sum = _path == KernelPath.Scalar ? 0 : Vectors(gradient, count, out done);
        for (int i = done; i < count; i++)
            sum += (double)gradient[i] * gradient[i];
        _sums[part] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Vectors(float* gradient, int count, out int done)
    {
        Vector<double> even = Vector<double>.Zero, odd = Vector<double>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(gradient + i), out Vector<double> low, out Vector<double> high);
            even += low * low;
            odd += high * high;
        }
        done = i;
        return Vector.Sum(even + odd);
    }
}
