using System.Numerics;
using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Rotary position embedding (arXiv 2104.09864), half-split, in place: in every head the pair (j, j + D/2) turns by its row's angle j.
/// A rotation's transpose is the rotation back. float32 is turned by the engine's kernel, float64 by a plain loop.
/// </summary>
internal static unsafe class RopeKernel
{
    /// <param name="context">Path and threads.</param>
    /// <param name="heads">[R, heads · D], turned in place.</param>
    /// <param name="headSize">D, even.</param>
    /// <param name="cosines">[R, D / 2], of each row's angles.</param>
    /// <param name="sines">[R, D / 2].</param>
    public static void Forward<T>(KernelContext context, MatrixOf<T> heads, int headSize, MatrixOf<T> cosines, MatrixOf<T> sines) where T : unmanaged, IFloatingPointIeee754<T>
    {
        RequireShapes(heads, headSize, cosines, sines);
        if (typeof(T) != typeof(float))
        {
            for (int row = 0; row < heads.Rows; row++)
            {
                for (int head = 0; head < heads.Columns; head += headSize)
                    Turn(heads[row] + head, cosines[row], sines[row], headSize / 2);
            }
            return;
        }
        Rope.Rotate(context, Singles(heads), headSize, Singles(cosines), Singles(sines));
    }

    /// <summary>Turns the gradient of rotated heads back, in place: it becomes that of the heads before rotation.</summary>
    public static void Backward<T>(KernelContext context, MatrixOf<T> gradient, int headSize, MatrixOf<T> cosines, MatrixOf<T> sines) where T : unmanaged, IFloatingPointIeee754<T>
    {
        RequireShapes(gradient, headSize, cosines, sines);
        MatrixOf<T> negated = new((T*)context.SharedScratch((long)sines.Rows * sines.Columns * sizeof(T) / sizeof(float)), sines.Rows, sines.Columns, sines.Columns);
        for (int row = 0; row < sines.Rows; row++)
        {
            for (int j = 0; j < sines.Columns; j++)
                negated[row][j] = -sines[row][j];
        }
        Forward(context, gradient, headSize, cosines, negated);
    }

    private static void Turn<T>(T* head, T* cosines, T* sines, int half) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int j = 0; j < half; j++)
        {
            T a = head[j], b = head[j + half];
            head[j] = (a * cosines[j]) - (b * sines[j]);
            head[j + half] = (b * cosines[j]) + (a * sines[j]);
        }
    }

    private static Matrix Singles<T>(MatrixOf<T> matrix) where T : unmanaged => Unsafe.BitCast<MatrixOf<T>, MatrixOf<float>>(matrix).AsMatrix();

    private static void RequireShapes<T>(MatrixOf<T> heads, int headSize, MatrixOf<T> cosines, MatrixOf<T> sines) where T : unmanaged
    {
        if (headSize < 2 || headSize % 2 != 0 || heads.Columns % headSize != 0)
            throw new ArgumentException($"RoPE: {heads.Columns} columns are no heads of {headSize}; the size must be even and divide them.");
        heads.Require(heads.Rows, heads.Columns, "RoPE: the heads");
        cosines.Require(heads.Rows, headSize / 2, "RoPE: the cosines");
        sines.Require(heads.Rows, headSize / 2, "RoPE: the sines");
    }
}
