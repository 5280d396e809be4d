using System.Runtime.Intrinsics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>The product by register tiles: a part is a block of rows of C times a group of panels.</summary>
internal unsafe struct TiledGemm : IParallelWork
{
    // A panel's pass of 384 × 64 floats is 96 KB and a block of A of 96 rows 144 KB: both stay in a second-level cache.
    private const int MaxDepth = 384;
    private const int BlockRows = 16 * RegisterTileShape.Rows;
    private const int PartsPerThread = 6;

    private KernelContext _context;
    private Matrix _a;
    private Matrix _c;
    private float* _panels;
    private int _depth;
    private int _groups;
    private bool _transposeA;
    private bool _accumulate;

    public static void Run(KernelContext context, Matrix a, bool transposeA, Matrix b, bool transposeB, Matrix c, bool accumulate)
    {
        int width = PanelColumns(context.Path), depth = transposeA ? a.Rows : a.Columns;
        int panels = (c.Columns + width - 1) / width, blocks = (c.Rows + BlockRows - 1) / BlockRows;
        float* packed = context.SharedScratch((long)panels * width * depth);
        if (transposeB)
            PackWork.Run(context, b, packed, width);
        else
            PanelCopy.Run(context, b, packed, width);
        context.ReserveWorkerScratch(((long)BlockRows * MaxDepth) + (RegisterTileShape.Rows * width));
        TiledGemm work = new()
        {
            _context = context,
            _a = a,
            _c = c,
            _panels = packed,
            _depth = depth,
            _groups = Math.Clamp(PartsPerThread * context.Pool.Threads / blocks, 1, panels),
            _transposeA = transposeA,
            _accumulate = accumulate,
        };
        context.Pool.Run(ref work, blocks * work._groups);
    }

    public readonly void Execute(int part, int worker)
    {
        int width = PanelColumns(_context.Path), panels = (_c.Columns + width - 1) / width;
        int first = part / _groups * BlockRows, group = part % _groups;
        int rows = Math.Min(BlockRows, _c.Rows - first);
        (int firstPanel, int endPanel) = (panels * group / _groups, panels * (group + 1) / _groups);
        switch (_context.Path)
        {
            case KernelPath.Vector128:
                Multiply<Simd128, Vector128<float>>(first, rows, firstPanel, endPanel, worker);
                break;
            case KernelPath.Vector256:
                Multiply<Simd256, Vector256<float>>(first, rows, firstPanel, endPanel, worker);
                break;
            default:
                Multiply<Simd512, Vector512<float>>(first, rows, firstPanel, endPanel, worker);
                break;
        }
    }

    private readonly void Multiply<S, V>(int first, int rows, int firstPanel, int endPanel, int worker) where S : struct, ISimd<V> where V : struct
    {
        const int TileRows = RegisterTileShape.Rows;
        int width = RegisterTile<S, V>.Columns;
        float* block = _context.WorkerScratch(worker), edge = block + ((nint)BlockRows * MaxDepth);
        int passes = (_depth + MaxDepth - 1) / MaxDepth, fullDepth = (_depth + passes - 1) / passes;
        for (int k = 0; k < _depth; k += fullDepth)
        {
            int depth = Math.Min(fullDepth, _depth - k);
            // The last tile reads six rows whatever is left, so its rows are packed too, in memory that is there.
            bool inPlace = !_transposeA && rows % TileRows == 0;
            nint stride = inPlace ? _a.Stride : depth;
            float* source = inPlace ? _a[first] + k : block;
            if (_transposeA)
                Transpose.Copy(_a[k] + first, _a.Stride, block, depth, depth, rows, accumulate: false);
            else if (!inPlace)
                CopyRows(_a[first] + k, _a.Stride, block, depth, rows);
            bool adds = _accumulate || k > 0;
            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                float* b = _panels + ((nint)panel * width * _depth) + ((nint)k * width);
                int columns = Math.Min(width, _c.Columns - (panel * width));
                for (int row = 0; row < rows; row += TileRows)
                {
                    float* c = _c[first + row] + (panel * width);
                    int count = Math.Min(TileRows, rows - row);
                    if (count == TileRows && columns == width)
                        RegisterTile<S, V>.Multiply(source + (row * stride), stride, b, width, c, _c.Stride, depth, S.TileVectors, adds, b);
                    else
                    {
                        RegisterTile<S, V>.Multiply(source + (row * stride), stride, b, width, edge, width, depth, (columns + S.Count - 1) / S.Count, false, b);
                        Put(edge, width, c, count, columns, adds);
                    }
                }
            }
        }
    }

    private readonly void Put(float* tile, int width, float* c, int rows, int columns, bool adds)
    {
        for (int row = 0; row < rows; row++, tile += width, c += _c.Stride)
        {
            for (int column = 0; column < columns; column++)
                c[column] = adds ? c[column] + tile[column] : tile[column];
        }
    }

    private static void CopyRows(float* source, nint stride, float* destination, int columns, int rows)
    {
        for (int row = 0; row < rows; row++)
            new ReadOnlySpan<float>(source + (row * stride), columns).CopyTo(new Span<float>(destination + ((nint)row * columns), columns));
    }

    private static int PanelColumns(KernelPath path) => path switch
    {
        KernelPath.Vector128 => RegisterTile<Simd128, Vector128<float>>.Columns,
        KernelPath.Vector256 => RegisterTile<Simd256, Vector256<float>>.Columns,
        _ => RegisterTile<Simd512, Vector512<float>>.Columns,
    };

    /// <summary>Copies B [k, n] into panels [k][panel columns], the last one padded with zeros.</summary>
    private struct PanelCopy : IParallelWork
    {
        private const int RowsPerPart = 256;

        private Matrix _b;
        private float* _panels;
        private int _width;
        private int _partsPerPanel;

        public static void Run(KernelContext context, Matrix b, float* panels, int width)
        {
            PanelCopy work = new() { _b = b, _panels = panels, _width = width, _partsPerPanel = (b.Rows + RowsPerPart - 1) / RowsPerPart };
            context.Pool.Run(ref work, (b.Columns + width - 1) / width * work._partsPerPanel);
        }

        public readonly void Execute(int part, int worker)
        {
            int panel = part / _partsPerPanel, start = part % _partsPerPanel * RowsPerPart, end = Math.Min(start + RowsPerPart, _b.Rows);
            int column = panel * _width, columns = Math.Min(_width, _b.Columns - column);
            float* destination = _panels + ((nint)panel * _width * _b.Rows) + ((nint)start * _width);
            for (int row = start; row < end; row++, destination += _width)
            {
                new ReadOnlySpan<float>(_b[row] + column, columns).CopyTo(new Span<float>(destination, _width));
                new Span<float>(destination + columns, _width - columns).Clear();
            }
        }
    }
}
