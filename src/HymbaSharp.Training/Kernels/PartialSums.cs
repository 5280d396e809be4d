using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// Adds up what the parts of a piece of work have left, always in the order of the parts: the sums have the same bits whichever thread
/// did which part.
/// </summary>
internal unsafe struct PartialSums<T> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int RowsPerPart = 256;

    private T* _partials;
    private int _count;
    private MatrixOf<T> _sums;

    /// <summary>sums = Σ over the parts.</summary>
    /// <param name="context">Threads.</param>
    /// <param name="partials">[count, rows, columns], without gaps.</param>
    /// <param name="count">How many parts left something; for none the sums are 0.</param>
    /// <param name="sums">[rows, columns], written.</param>
    public static void Add(KernelContext context, T* partials, int count, MatrixOf<T> sums)
    {
        PartialSums<T> work = new() { _partials = partials, _count = count, _sums = sums };
        context.Pool.Run(ref work, (sums.Rows + RowsPerPart - 1) / RowsPerPart);
    }

    public readonly void Execute(int part, int worker)
    {
        int end = Math.Min((part + 1) * RowsPerPart, _sums.Rows), columns = _sums.Columns;
        nint size = (nint)_sums.Rows * columns;
        for (int row = part * RowsPerPart; row < end; row++)
        {
            T* source = _partials + ((nint)row * columns), sums = _sums[row];
            int i = 0;
            for (; i + Vector<T>.Count <= columns; i += Vector<T>.Count)
            {
                Vector<T> sum = Vector<T>.Zero;
                for (int p = 0; p < _count; p++)
                    sum += Vector.Load(source + (p * size) + i);
                sum.Store(sums + i);
            }
            for (; i < columns; i++)
            {
                T sum = T.Zero;
                for (int p = 0; p < _count; p++)
                    sum += source[(p * size) + i];
                sums[i] = sum;
            }
        }
    }
}
