using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Y = X · Wᵀ over blocks. X is quantised into panels first; then parts are runs of groups of weight rows. Where there are many panels, the
/// columns are taken in passes and the panels in chunks: the groups' weights of a pass stay in the first-level cache while a chunk, which stays
/// in the second-level one, runs past them.
/// </summary>
internal unsafe struct BlockWork : IParallelWork
{
    // Large enough to stream, small enough that a held-up thread leaves its groups to the others.
    private const int BytesPerPart = 128 * 1024;
    private const int PartsPerThread = 4;

    private const int PassBytes = 28 * 1024;
    private const int ChunkBytes = 192 * 1024;

    private KernelPath _path;
    private WeightMatrix _weights;
    private BlockPanels _panels;
    private Matrix _y;
    private int _groupsPerPart;
    private bool _accumulate;

    public static void Run(KernelContext context, WeightMatrix weights, Matrix x, Matrix y, bool accumulate)
    {
        BlockLayout layout = weights.Blocks!.Value;
        byte* memory = (byte*)context.SharedScratch((BlockPanels.Bytes(x.Rows, layout) + sizeof(float) - 1) / sizeof(float));
        BlockPanels panels = new(memory, x.Rows, layout);
        QuantizeWork.Run(context, x, panels, layout);
        int byThreads = layout.Groups / (PartsPerThread * context.Pool.Threads);
        BlockWork work = new()
        {
            _path = context.Path,
            _weights = weights,
            _panels = panels,
            _y = y,
            _groupsPerPart = Math.Max(Math.Min(BytesPerPart / layout.GroupBytes, byThreads), 1),
            _accumulate = accumulate,
        };
        context.Pool.Run(ref work, (layout.Groups + work._groupsPerPart - 1) / work._groupsPerPart);
    }

    public void Execute(int part, int worker)
    {
        int start = part * _groupsPerPart, end = Math.Min(start + _groupsPerPart, _weights.Blocks!.Value.Groups);
        if (_weights.Type == WeightType.Q8)
            Execute<Blocks8>(start, end);
        else
            Execute<Blocks4>(start, end);
    }

    private void Execute<B>(int start, int end) where B : struct, IBlockFormat
    {
        int blockBytes = B.Pairs * B.PairBytes, blockColumns = _weights.Blocks!.Value.BlockColumns;
        bool isSingle = _panels.Rows <= BlockPanels.MaxRows;
        int passBlocks = isSingle ? _panels.Blocks : Math.Max(PassBytes / blockBytes, 1);
        int chunkRows = isSingle ? _panels.Rows : Math.Max(ChunkBytes / (passBlocks * blockColumns) / BlockPanels.MaxRows, 1) * BlockPanels.MaxRows;
        for (int block = 0; block < _panels.Blocks; block += passBlocks)
        {
            int blocks = Math.Min(passBlocks, _panels.Blocks - block);
            for (int row = 0; row < _panels.Rows; row += chunkRows)
            {
                int endRow = Math.Min(row + chunkRows, _panels.Rows);
                for (int group = start; group < end; group++)
                {
                    int rows;
                    for (int panelRow = row; panelRow < endRow; panelRow += rows)
                    {
                        rows = _panels.PanelRows(panelRow);
                        Multiply<B>(group, block, blocks, panelRow, rows);
                    }
                }
            }
        }
    }

    private void Multiply<B>(int group, int block, int blocks, int panelRow, int rows) where B : struct, IBlockFormat
    {
        int first = group * BlockLayout.GroupRows, count = Math.Min(BlockLayout.GroupRows, _y.Columns - first);
        Matrix y = _y.SliceRows(panelRow, rows).Slice(first, count);
        bool isNew = block == 0 && !_accumulate;
        if (count == BlockLayout.GroupRows)
        {
            if (isNew)
                Clear(y);
            Multiply<B>(group, block, blocks, panelRow, y);
            return;
        }
        // The last rows of a matrix may be fewer than a group: the kernels' results for the others go nowhere.
        float* sums = stackalloc float[BlockPanels.MaxRows * BlockLayout.GroupRows];
        Matrix whole = new(sums, rows, BlockLayout.GroupRows, BlockLayout.GroupRows);
        Clear(whole);
        for (int t = 0; t < rows && !isNew; t++)
            y.Row(t).CopyTo(whole.Row(t));
        Multiply<B>(group, block, blocks, panelRow, whole);
        for (int t = 0; t < rows; t++)
            whole.Row(t)[..count].CopyTo(y.Row(t));
    }

    private void Multiply<B>(int group, int block, int blocks, int panelRow, Matrix y) where B : struct, IBlockFormat
    {
        if (_path == KernelPath.Scalar)
        {
            ScalarBlockMatMul.Multiply(_weights, group, block, blocks, _panels, panelRow, y.Rows, y);
            return;
        }
        BlockLayout layout = _weights.Blocks!.Value;
        byte* record = _weights.Data + ((nint)group * layout.GroupBytes);
        ushort* scales = (ushort*)record + (block * BlockLayout.GroupRows);
        byte* quants = record + layout.QuantOffset + ((nint)block * B.Pairs * B.PairBytes);
        sbyte* x = _panels.Quants + ((nint)panelRow * _panels.PaddedColumns) + ((nint)block * layout.BlockColumns * y.Rows);
        nint place = ((nint)panelRow * _panels.Blocks) + ((nint)block * y.Rows);
        float* xScales = _panels.Scales + place;
        int* xOffsets = _panels.Offsets + place;
        if (_path == KernelPath.Vector128)
            BlockKernel<ByteDot128, Vector128<int>, Simd128, Vector128<float>, B>.Multiply(scales, quants, x, xScales, xOffsets, y.Rows, blocks, y.Data, y.Stride);
        else if (AvxVnni.IsSupported)
            BlockKernel<ByteDotVnni, Vector256<int>, Simd256, Vector256<float>, B>.Multiply(scales, quants, x, xScales, xOffsets, y.Rows, blocks, y.Data, y.Stride);
        else
            BlockKernel<ByteDotAvx2, Vector256<int>, Simd256, Vector256<float>, B>.Multiply(scales, quants, x, xScales, xOffsets, y.Rows, blocks, y.Data, y.Stride);
    }

    private static void Clear(Matrix y)
    {
        for (int t = 0; t < y.Rows; t++)
            y.Row(t).Clear();
    }
}
