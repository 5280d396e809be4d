using System.Runtime.CompilerServices;
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

    // A chunk of panels comes from the third-level cache once for so many groups.
    private const int TiledGroups = 5;

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
            _groupsPerPart = Math.Max(Math.Min(x.Rows <= BlockPanels.MaxRows ? BytesPerPart / layout.GroupBytes : TiledGroups, byThreads), 1),
            _accumulate = accumulate,
        };
        context.Pool.Run(ref work, (layout.Groups + work._groupsPerPart - 1) / work._groupsPerPart);
    }

    public void Execute(int part, int worker)
    {
        int start = part * _groupsPerPart, end = Math.Min(start + _groupsPerPart, _weights.Blocks!.Value.Groups);
        if (_weights.Type == WeightType.Q8)
            Execute<Blocks8, Nibbles8>(start, end);
        else
            Execute<Blocks4, Nibbles4>(start, end);
    }

    /// <summary>Where 512-bit vectors of four-bit quants take fewer instructions than 256-bit ones of bytes.</summary>
    private static bool IsByNibbles(WeightType type, KernelPath path) =>
        path == KernelPath.Vector512 && Avx512BW.IsSupported && (type == WeightType.Q4 || !AvxVnni.IsSupported);

    private void Execute<B, N>(int start, int end) where B : struct, IBlockFormat where N : struct, INibbleFormat
    {
        if (_path == KernelPath.Scalar)
            Execute<ScalarTile>(start, end);
        else if (_path == KernelPath.Vector128)
            Execute<VectorTile<ByteDot128, Vector128<int>, Simd128, Vector128<float>, B>>(start, end);
        else if (IsByNibbles(_weights.Type, _path))
            Execute<NibbleTile<N>>(start, end);
        else if (AvxVnni.IsSupported)
            Execute<VectorTile<ByteDot256<VnniProducts>, Vector256<int>, Simd256, Vector256<float>, B>>(start, end);
        else
            Execute<VectorTile<ByteDot256<Avx2Products>, Vector256<int>, Simd256, Vector256<float>, B>>(start, end);
    }

    [SkipLocalsInit]
    private void Execute<K>(int start, int end) where K : struct, ITile
    {
        BlockLayout layout = _weights.Blocks!.Value;
        BlockPanels panels = _panels;
        bool isSingle = panels.Rows <= BlockPanels.MaxRows;
        int passes = isSingle ? 1 : ((panels.Blocks * layout.BlockBytes) + PassBytes - 1) / PassBytes;
        int passBlocks = (panels.Blocks + passes - 1) / passes;
        int chunkRows = isSingle ? panels.Rows : Math.Max(ChunkBytes / (passBlocks * layout.BlockColumns) / BlockPanels.MaxRows, 1) * BlockPanels.MaxRows;
        // The sums lie here while a tile is computed: a group's results are far apart, each row in a line of its own.
        float* sums = stackalloc float[BlockPanels.MaxRows * BlockLayout.GroupRows];
        for (int block = 0; block < panels.Blocks; block += passBlocks)
        {
            int blocks = Math.Min(passBlocks, panels.Blocks - block);
            bool isNew = block == 0 && !_accumulate;
            for (int chunk = 0; chunk < panels.Rows; chunk += chunkRows)
            {
                int endRow = Math.Min(chunk + chunkRows, panels.Rows);
                for (int group = start; group < end; group++)
                {
                    int first = group * BlockLayout.GroupRows, outs = Math.Min(BlockLayout.GroupRows, layout.Rows - first);
                    byte* quants = _weights.Data + ((nint)group * layout.GroupBytes) + layout.QuantOffset + ((nint)block * layout.BlockBytes);
                    int rows, panel = 0, panelCount = BlockPanels.Count(endRow - chunk);
                    for (int row = chunk; row < endRow; row += rows, panel++)
                    {
                        rows = panels.PanelRows(row);
                        float* y = _y[row] + first;
                        Prefetch ahead = panelCount == 1 ? Prefetch.Stream(quants, layout.BlockBytes) : Prefetch.Share(quants + layout.GroupBytes, layout.BlockBytes, blocks, panel, panelCount);
                        if (row + rows < endRow)
                            FetchResults(_y, row + rows, endRow, first);
                        else if (panelCount > 1 && group + 1 < end)
                            FetchResults(_y, chunk, endRow, first + BlockLayout.GroupRows);
                        Take(isNew ? null : y, _y.Stride, sums, rows, outs);
                        K.Multiply(_weights.Data, layout, group, block, blocks, panels, row, rows, ahead, sums);
                        Give(sums, y, _y.Stride, rows, outs);
                    }
                }
            }
        }
    }

    /// <summary>Fetches where the next panel's results go: stores that miss the cache would hold up the sums' behind them.</summary>
    private static void FetchResults(Matrix y, int row, int endRow, int first)
    {
        if (!Sse.IsSupported)
            return;
        for (int end = Math.Min(row + BlockPanels.MaxRows, endRow); row < end; row++)
            Sse.Prefetch0(y[row] + first);
    }

    /// <summary>Zeros, or the results so far.</summary>
    private static void Take(float* y, int stride, float* sums, int rows, int outs)
    {
        if (y is null || outs < BlockLayout.GroupRows)
            new Span<float>(sums, rows * BlockLayout.GroupRows).Clear();
        for (int t = 0; y is not null && t < rows; t++)
            Copy(y + ((nint)t * stride), sums + (t * BlockLayout.GroupRows), outs);
    }

    private static void Give(float* sums, float* y, int stride, int rows, int outs)
    {
        for (int t = 0; t < rows; t++)
            Copy(sums + (t * BlockLayout.GroupRows), y + ((nint)t * stride), outs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, float* destination, int count)
    {
        if (count == BlockLayout.GroupRows)
            Vector512.Load(source).Store(destination);
        else
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(destination, count));
    }

    /// <summary>A group's rows times a panel, over some blocks, added to sixteen sums for each row of the panel.</summary>
    private interface ITile
    {
        static abstract void Multiply(byte* weights, in BlockLayout layout, int group, int block, int blocks, in BlockPanels panels, int row, int rows, Prefetch ahead, float* sums);
    }

    private struct ScalarTile : ITile
    {
        public static void Multiply(byte* weights, in BlockLayout layout, int group, int block, int blocks, in BlockPanels panels, int row, int rows, Prefetch ahead, float* sums) =>
            ScalarBlockMatMul.Multiply(weights, layout, group, block, blocks, panels, row, rows, sums);
    }

    private struct VectorTile<D, V, S, F, B> : ITile
        where D : struct, IByteDot<V, F> where V : struct where S : struct, ISimd<F> where F : struct where B : struct, IBlockFormat
    {
        public static void Multiply(byte* weights, in BlockLayout layout, int group, int block, int blocks, in BlockPanels panels, int row, int rows, Prefetch ahead, float* sums)
        {
            Operands o = new(weights, layout, group, block, panels, row, rows);
            BlockKernel<D, V, S, F, B>.Multiply(o.Group, o.Weights, o.X, o.Scales, o.Offsets, rows, blocks, ahead, sums);
        }
    }

    private struct NibbleTile<N> : ITile where N : struct, INibbleFormat
    {
        public static void Multiply(byte* weights, in BlockLayout layout, int group, int block, int blocks, in BlockPanels panels, int row, int rows, Prefetch ahead, float* sums)
        {
            Operands o = new(weights, layout, group, block, panels, row, rows);
            NibbleKernel<N>.Multiply(o.Group, o.Weights, o.X, o.Scales, o.Offsets, rows, blocks, ahead, sums);
        }
    }

    /// <summary>Where a kernel's operands begin.</summary>
    private readonly ref struct Operands
    {
        public readonly ushort* Group;
        public readonly byte* Weights;
        public readonly sbyte* X;
        public readonly float* Scales;
        public readonly int* Offsets;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Operands(byte* weights, in BlockLayout layout, int group, int block, in BlockPanels panels, int row, int rows)
        {
            byte* record = weights + ((nint)group * layout.GroupBytes);
            nint place = ((nint)row * panels.Blocks) + ((nint)block * rows);
            Group = (ushort*)record + (block * BlockLayout.GroupRows);
            Weights = record + layout.QuantOffset + ((nint)block * layout.BlockBytes);
            X = panels.Quants + ((nint)row * panels.PaddedColumns) + ((nint)block * layout.BlockColumns * rows);
            Scales = panels.Scales + place;
            Offsets = panels.Offsets + place;
        }
    }
}
