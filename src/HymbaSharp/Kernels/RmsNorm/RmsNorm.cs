using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>
/// Root-mean-square norm of every row: y = g · x / sqrt(mean(x²) + ε), the mean in float32 over the row (arXiv 1910.07467).
/// </summary>
internal unsafe struct RmsNorm : IParallelWork
{
    private const int RowsPerPart = 8;

    private KernelPath _path;
    private Matrix _x;
    private float* _gain;
    private float _epsilon;
    private Matrix _other;
    private float* _otherGain;
    private Matrix _y;

    /// <summary>y = RMSNorm(x; gain), row by row; y may be x.</summary>
    public static void Apply(KernelContext context, Matrix x, ReadOnlySpan<float> gain, float epsilon, Matrix y) =>
        Run(context, x, gain, x, [], epsilon, y);

    /// <summary>y = (RMSNorm(a; aGain) + RMSNorm(b; bGain)) / 2: how the two kinds of heads are joined. y may be a or b.</summary>
    public static void Mean(KernelContext context, Matrix a, ReadOnlySpan<float> aGain, Matrix b, ReadOnlySpan<float> bGain, float epsilon, Matrix y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bGain.Length, a.Columns);
        Run(context, a, aGain, b, bGain, epsilon, y);
    }

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _x.Rows);
        for (int row = part * RowsPerPart; row < end; row++)
        {
            switch (_path)
            {
                case KernelPath.Scalar:
                    ScalarRmsNorm.Apply(_x[row], _gain, _other[row], _otherGain, _epsilon, _y[row], _x.Columns);
                    break;
                case KernelPath.Vector128:
                    VectorRmsNorm<Simd128, Vector128<float>>.Apply(_x[row], _gain, _other[row], _otherGain, _epsilon, _y[row], _x.Columns);
                    break;
                case KernelPath.Vector256:
                    VectorRmsNorm<Simd256, Vector256<float>>.Apply(_x[row], _gain, _other[row], _otherGain, _epsilon, _y[row], _x.Columns);
                    break;
                default:
                    VectorRmsNorm<Simd512, Vector512<float>>.Apply(_x[row], _gain, _other[row], _otherGain, _epsilon, _y[row], _x.Columns);
                    break;
            }
        }
    }

    private static void Run(KernelContext context, Matrix x, ReadOnlySpan<float> gain, Matrix other, ReadOnlySpan<float> otherGain, float epsilon, Matrix y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(gain.Length, x.Columns);
        if (other.Rows != x.Rows || other.Columns != x.Columns || y.Rows != x.Rows || y.Columns != x.Columns)
            throw new ArgumentException($"RMSNorm: operands are [{x.Rows}, {x.Columns}], [{other.Rows}, {other.Columns}] and [{y.Rows}, {y.Columns}]; they must have one shape.");
        fixed (float* first = gain, second = otherGain)
        {
            RmsNorm work = new() { _path = context.Path, _x = x, _gain = first, _other = other, _otherGain = second, _epsilon = epsilon, _y = y };
            context.Pool.Run(ref work, (x.Rows + RowsPerPart - 1) / RowsPerPart);
        }
    }
}
