using System.Runtime.Intrinsics;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Many rows of activations. First X is packed into panels, [in][tokens of a panel], so that a register tile loads neighbouring tokens as a
/// vector. Then each part takes a block of weight rows, widens it once into the second-level cache, and multiplies it with every panel.
/// </summary>
internal unsafe struct TileWork<W> : IParallelWork where W : struct, IStoredType
{
    private const int PartsPerThread = 4;

    private KernelContext _context;
    private WeightMatrix _weights;
    private Matrix _x;
    private Matrix _y;
    private float* _panels;
    private int _panelGroups;
    private int _blockRows;
    private bool _accumulate;

    public static void Run(KernelContext context, WeightMatrix weights, Matrix x, Matrix y, bool accumulate)
    {
        int width = PanelColumns(context.Path);
        int panels = (x.Rows + width - 1) / width;
        int blockRows = TileBlock.Rows(weights.Columns);
        int blocks = (weights.Rows + blockRows - 1) / blockRows;
        // Few blocks over many threads: the panels are shared out too, each group widening the weights again.
        int groups = Math.Clamp(PartsPerThread * context.Pool.Threads / blocks, 1, panels);

        float* packed = context.SharedScratch((long)panels * width * x.Columns);
        PackWork.Run(context, x, packed, width);
        context.ReserveWorkerScratch(TileBlock.ScratchFloats(blockRows, weights.Columns, width));
        TileWork<W> work = new()
        {
            _context = context,
            _weights = weights,
            _x = x,
            _y = y,
            _panels = packed,
            _panelGroups = groups,
            _blockRows = blockRows,
            _accumulate = accumulate,
        };
        context.Pool.Run(ref work, blocks * groups);
    }

    public void Execute(int part, int worker)
    {
        int width = PanelColumns(_context.Path);
        int panels = (_x.Rows + width - 1) / width;
        int block = part / _panelGroups, group = part % _panelGroups;
        int firstPanel = panels * group / _panelGroups, endPanel = panels * (group + 1) / _panelGroups;
        int start = block * _blockRows;
        int count = Math.Min(_blockRows, _weights.Rows - start);
        byte* source = _weights.Data + ((nint)start * _weights.Columns * W.Size);
        float* panel = _panels + ((nint)firstPanel * width * _x.Columns);
        int firstRow = firstPanel * width;
        int rows = Math.Min(endPanel * width, _x.Rows) - firstRow;
        Matrix y = _y.SliceRows(firstRow, rows).Slice(start, count);
        float* scratch = _context.WorkerScratch(worker);
        switch (_context.Path)
        {
            case KernelPath.Vector128:
                TileKernel<Simd128, Vector128<float>, W>.Multiply(source, _weights.Columns, panel, y, scratch, _accumulate);
                break;
            case KernelPath.Vector256:
                TileKernel<Simd256, Vector256<float>, W>.Multiply(source, _weights.Columns, panel, y, scratch, _accumulate);
                break;
            default:
                TileKernel<Simd512, Vector512<float>, W>.Multiply(source, _weights.Columns, panel, y, scratch, _accumulate);
                break;
        }
    }

    private static int PanelColumns(KernelPath path) => path switch
    {
        KernelPath.Vector128 => TileKernel<Simd128, Vector128<float>, W>.PanelColumns,
        KernelPath.Vector256 => TileKernel<Simd256, Vector256<float>, W>.PanelColumns,
        _ => TileKernel<Simd512, Vector512<float>, W>.PanelColumns,
    };
}
