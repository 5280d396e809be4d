using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>A factor for each column: y = x ∘ g, or y = y + x ∘ g, row by row.</summary>
internal unsafe struct Gain : IParallelWork
{
    private const int RowsPerPart = 8;

    private KernelPath _path;
    private Matrix _x;
    private Matrix _y;
    private float* _gains;
    private bool _accumulate;

    /// <param name="context">Path and threads.</param>
    /// <param name="x">X [T, n].</param>
    /// <param name="gains">g [n].</param>
    /// <param name="y">Y [T, n]; may be X.</param>
    /// <param name="accumulate">Adds to Y in place of overwriting it.</param>
    public static void Apply(KernelContext context, Matrix x, ReadOnlySpan<float> gains, Matrix y, bool accumulate = false)
    {
        if (y.Rows != x.Rows || y.Columns != x.Columns || gains.Length != x.Columns)
            throw new ArgumentException($"Gain: X [{x.Rows}, {x.Columns}] takes {x.Columns} gains and Y of its shape; there are {gains.Length}, and Y is [{y.Rows}, {y.Columns}].");
        fixed (float* g = gains)
        {
            Gain work = new() { _path = context.Path, _x = x, _y = y, _gains = g, _accumulate = accumulate };
            context.Pool.Run(ref work, (x.Rows + RowsPerPart - 1) / RowsPerPart);
        }
    }

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _x.Rows);
        for (int row = part * RowsPerPart; row < end; row++)
        {
            switch (_path)
            {
                case KernelPath.Scalar:
                    ScalarGain.Apply(_x[row], _gains, _y[row], _x.Columns, _accumulate);
                    break;
                case KernelPath.Vector128:
                    VectorGain<Simd128, Vector128<float>>.Apply(_x[row], _gains, _y[row], _x.Columns, _accumulate);
                    break;
                case KernelPath.Vector256:
                    VectorGain<Simd256, Vector256<float>>.Apply(_x[row], _gains, _y[row], _x.Columns, _accumulate);
                    break;
                default:
                    VectorGain<Simd512, Vector512<float>>.Apply(_x[row], _gains, _y[row], _x.Columns, _accumulate);
                    break;
            }
        }
    }
}
