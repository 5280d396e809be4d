using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>
/// Rotary position embedding (arXiv 2104.09864), half-split: in every head the pair (j, j + D/2) turns by the angle position · base^(−2j/D).
/// </summary>
internal unsafe struct Rope : IParallelWork
{
    private const int RowsPerPart = 16;

    private KernelPath _path;
    private Matrix _heads;
    private int _headSize;
    private Matrix _cosines;
    private Matrix _sines;

    /// <param name="context">Path and threads.</param>
    /// <param name="heads">[T, heads · D], turned in place.</param>
    /// <param name="headSize">D, even.</param>
    /// <param name="cosines">[T, D / 2], of each row's angles.</param>
    /// <param name="sines">[T, D / 2].</param>
    public static void Rotate(KernelContext context, Matrix heads, int headSize, Matrix cosines, Matrix sines)
    {
        if (headSize % 2 != 0 || heads.Columns % headSize != 0 || cosines.Rows != heads.Rows || sines.Rows != heads.Rows
            || cosines.Columns != headSize / 2 || sines.Columns != headSize / 2)
            throw new ArgumentException($"RoPE: heads [{heads.Rows}, {heads.Columns}] of {headSize} need angles [{heads.Rows}, {headSize / 2}]; they are [{cosines.Rows}, {cosines.Columns}].");
        Rope work = new() { _path = context.Path, _heads = heads, _headSize = headSize, _cosines = cosines, _sines = sines };
        context.Pool.Run(ref work, (heads.Rows + RowsPerPart - 1) / RowsPerPart);
    }

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _heads.Rows);
        for (int row = part * RowsPerPart; row < end; row++)
        {
            for (int head = 0; head < _heads.Columns; head += _headSize)
            {
                switch (_path)
                {
                    case KernelPath.Scalar:
                        ScalarRope.Rotate(_heads[row] + head, _cosines[row], _sines[row], _headSize / 2);
                        break;
                    case KernelPath.Vector128:
                        VectorRope<Simd128, Vector128<float>>.Rotate(_heads[row] + head, _cosines[row], _sines[row], _headSize / 2);
                        break;
                    case KernelPath.Vector256:
                        VectorRope<Simd256, Vector256<float>>.Rotate(_heads[row] + head, _cosines[row], _sines[row], _headSize / 2);
                        break;
                    default:
                        VectorRope<Simd512, Vector512<float>>.Rotate(_heads[row] + head, _cosines[row], _sines[row], _headSize / 2);
                        break;
                }
            }
        }
    }
}
