using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels.Products;

public sealed unsafe class GemmTests
{
    public static TheoryData<KernelPath, bool, bool> Forms
    {
        get
        {
            TheoryData<KernelPath, bool, bool> data = [];
            foreach (KernelPath path in KernelPaths.Available)
            {
                foreach (bool transposeA in (bool[])[false, true])
                {
                    foreach (bool transposeB in (bool[])[false, true])
                        data.Add(path, transposeA, transposeB);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Products_are_right_in_every_form_and_at_every_edge(KernelPath path, bool transposeA, bool transposeB)
    {
        (int M, int N, int K)[] shapes = [(1, 1, 1), (6, 64, 8), (7, 65, 3), (5, 63, 385), (100, 130, 40), (97, 17, 770), (13, 200, 1)];
        foreach ((int m, int n, int k) in shapes)
        {
            foreach (bool accumulate in (bool[])[false, true])
                Check(path, m, n, k, transposeA, transposeB, accumulate);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_bits_do_not_depend_on_the_number_of_threads(KernelPath path, bool transposeA, bool transposeB)
    {
        float[] one = Product(path, 201, 130, 500, transposeA, transposeB, threads: 1), three = Product(path, 201, 130, 500, transposeA, transposeB, threads: 3);
        Assert.Equal(one, three);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using KernelContext context = new(KernelPaths.Selected, new WorkerPool(1));
        using Buffers buffers = new(4, 4, 4, false, false);
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(context, buffers.A, false, buffers.B, false, buffers.C.Slice(0, 3)));
    }

    private static void Check(KernelPath path, int m, int n, int k, bool transposeA, bool transposeB, bool accumulate)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        using Buffers buffers = new(m, n, k, transposeA, transposeB);
        Gemm.Multiply(context, buffers.A, transposeA, buffers.B, transposeB, buffers.C, accumulate);
        for (int row = 0; row < m; row++)
        {
            for (int column = 0; column < n; column++)
            {
                double sum = accumulate ? Buffers.Old : 0, magnitude = Math.Abs(sum);
                for (int i = 0; i < k; i++)
                {
                    double term = (double)(transposeA ? buffers.A[i][row] : buffers.A[row][i]) * (transposeB ? buffers.B[column][i] : buffers.B[i][column]);
                    sum += term;
                    magnitude += Math.Abs(term);
                }
                // A sum in any order, fused or not.
                double bound = (k + 2) * Math.Pow(2, -24) * magnitude;
                Assert.True(Math.Abs(buffers.C[row][column] - sum) <= bound, $"{m}×{n}×{k} [{row}, {column}]: {buffers.C[row][column]}, exactly {sum}");
            }
        }
        Assert.True(buffers.GapsAreUntouched());
    }

    private static float[] Product(KernelPath path, int m, int n, int k, bool transposeA, bool transposeB, int threads)
    {
        using KernelContext context = new(path, new WorkerPool(threads));
        using Buffers buffers = new(m, n, k, transposeA, transposeB);
        Gemm.Multiply(context, buffers.A, transposeA, buffers.B, transposeB, buffers.C);
        return [.. Enumerable.Range(0, m).SelectMany(row => buffers.C.Row(row).ToArray())];
    }

    /// <summary>Operands whose rows are apart by gaps of NaN.</summary>
    private sealed class Buffers : IDisposable
    {
        public const float Old = 3;
        private const int Gap = 5;

        private readonly List<NativeBuffer> _memory = [];

        public Buffers(int m, int n, int k, bool transposeA, bool transposeB)
        {
            A = Make(transposeA ? k : m, transposeA ? m : k, 1);
            B = Make(transposeB ? n : k, transposeB ? k : n, 2);
            C = Make(m, n, 3);
            for (int row = 0; row < m; row++)
                C.Row(row).Fill(Old);
        }

        public Matrix A { get; }

        public Matrix B { get; }

        public Matrix C { get; }

        public bool GapsAreUntouched() => Enumerable.Range(0, C.Rows).All(row => Enumerable.Range(0, Gap).All(i => float.IsNaN(C[row][C.Columns + i])));

        public void Dispose() => _memory.ForEach(memory => memory.Dispose());

        private Matrix Make(int rows, int columns, int seed)
        {
            NativeBuffer memory = new((long)rows * (columns + Gap) * sizeof(float));
            _memory.Add(memory);
            Matrix matrix = new(memory.Floats, rows, columns, columns + Gap);
            Random random = new(seed);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns + Gap; column++)
                    matrix[row][column] = column < columns ? random.NextSingle() - 0.5f : float.NaN;
            }
            return matrix;
        }
    }
}
