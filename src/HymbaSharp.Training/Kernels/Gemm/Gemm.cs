using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// C (+)= A·B in float32, where either operand may be given transposed: the three products of a linear layer, Y = X·Wᵀ, dX = dY·W and
/// dW = dYᵀ·X. B is packed into panels [k][panel columns] once; A is read in place where its rows run along k and packed by blocks where
/// they don't. Each element of C is summed by one thread in one order: the bits don't depend on the number of threads.
/// </summary>
internal static unsafe class Gemm
{
    /// <param name="context">Path, threads and scratch.</param>
    /// <param name="a">A [m, k], or [k, m] where <paramref name="transposeA"/>.</param>
    /// <param name="transposeA">Whether A is given transposed.</param>
    /// <param name="b">B [k, n], or [n, k] where <paramref name="transposeB"/>.</param>
    /// <param name="transposeB">Whether B is given transposed.</param>
    /// <param name="c">C [m, n]; may not overlap A or B.</param>
    /// <param name="accumulate">Adds to C in place of overwriting it.</param>
    public static void Multiply(KernelContext context, Matrix a, bool transposeA, Matrix b, bool transposeB, Matrix c, bool accumulate = false)
    {
        (int m, int k) = transposeA ? (a.Columns, a.Rows) : (a.Rows, a.Columns);
        (int depth, int n) = transposeB ? (b.Columns, b.Rows) : (b.Rows, b.Columns);
        if (k != depth || c.Rows != m || c.Columns != n)
            throw new ArgumentException($"Gemm: A is [{m}, {k}], B [{depth}, {n}], C [{c.Rows}, {c.Columns}].");
        if (m == 0 || n == 0)
            return;
        if (k == 0)
        {
            for (int row = 0; row < m && !accumulate; row++)
                c.Row(row).Clear();
            return;
        }
        if (context.Path == KernelPath.Scalar)
            ScalarGemm.Run(context, a, transposeA, b, transposeB, c, accumulate);
        else
            TiledGemm.Run(context, a, transposeA, b, transposeB, c, accumulate);
    }
}

/// <summary>The scalar twin: a row of C for each part.</summary>
internal unsafe struct ScalarGemm : IParallelWork
{
    private Matrix _a;
    private Matrix _b;
    private Matrix _c;
    private bool _transposeA;
    private bool _transposeB;
    private bool _accumulate;

    public static void Run(KernelContext context, Matrix a, bool transposeA, Matrix b, bool transposeB, Matrix c, bool accumulate)
    {
        ScalarGemm work = new() { _a = a, _b = b, _c = c, _transposeA = transposeA, _transposeB = transposeB, _accumulate = accumulate };
        context.Pool.Run(ref work, c.Rows);
    }

    public readonly void Execute(int part, int worker)
    {
        int depth = _transposeA ? _a.Rows : _a.Columns;
        for (int column = 0; column < _c.Columns; column++)
        {
            float sum = 0;
            for (int k = 0; k < depth; k++)
                sum += (_transposeA ? _a[k][part] : _a[part][k]) * (_transposeB ? _b[column][k] : _b[k][column]);
            _c[part][column] = _accumulate ? _c[part][column] + sum : sum;
        }
    }
}
