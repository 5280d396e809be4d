using System.Runtime.Intrinsics;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>Few rows of activations: parts are runs of weight rows, each row read once from memory.</summary>
internal unsafe struct DotWork<W> : IParallelWork where W : struct, IStoredType
{
    // Large enough to stream, small enough that a held-up thread leaves its rows to the others.
    private const int BytesPerPart = 128 * 1024;
    private const int PartsPerThread = 4;

    private KernelPath _path;
    private byte* _weights;
    private int _rows;
    private int _rowsPerPart;
    private Matrix _x;
    private Matrix _y;
    private bool _accumulate;

    public static void Run(KernelContext context, WeightMatrix weights, Matrix x, Matrix y, bool accumulate)
    {
        int byBytes = BytesPerPart / (weights.Columns * W.Size);
        int byThreads = weights.Rows / (PartsPerThread * context.Pool.Threads);
        int rowsPerPart = Math.Max(Math.Min(byBytes, byThreads), 1);
        DotWork<W> work = new()
        {
            _path = context.Path,
            _weights = weights.Data,
            _rows = weights.Rows,
            _rowsPerPart = rowsPerPart,
            _x = x,
            _y = y,
            _accumulate = accumulate,
        };
        context.Pool.Run(ref work, (weights.Rows + rowsPerPart - 1) / rowsPerPart);
    }

    public void Execute(int part, int worker)
    {
        int start = part * _rowsPerPart;
        int count = Math.Min(_rowsPerPart, _rows - start);
        byte* weights = _weights + ((nint)start * _x.Columns * W.Size);
        Matrix y = _y.Slice(start, count);
        switch (_path)
        {
            case KernelPath.Scalar:
                ScalarMatMul<W>.Multiply(weights, _x, y, _accumulate);
                break;
            case KernelPath.Vector128:
                DotKernel<Simd128, Vector128<float>, W>.Multiply(weights, _x, y, _accumulate);
                break;
            case KernelPath.Vector256:
                DotKernel<Simd256, Vector256<float>, W>.Multiply(weights, _x, y, _accumulate);
                break;
            default:
                DotKernel<Simd512, Vector512<float>, W>.Multiply(weights, _x, y, _accumulate);
                break;
        }
    }
}
