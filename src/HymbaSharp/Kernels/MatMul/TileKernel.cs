using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>One block of weight rows times packed panels of activations.</summary>
internal static unsafe class TileKernel<S, V, W>
    where S : struct, ISimd<V> where V : struct where W : struct, IStoredType
{
    private const int LineFloats = NativeBuffer.Alignment / sizeof(float);

    /// <summary>Tokens of a panel.</summary>
    public static int PanelColumns => RegisterTile<S, V>.Columns;

    /// <param name="weights">The block's rows [y.Columns, columns].</param>
    /// <param name="columns">in: columns of the weights, depth of the product.</param>
    /// <param name="panels">Packed activations, a panel [columns][PanelColumns] after the other.</param>
    /// <param name="y">Results [tokens, rows of the block].</param>
    /// <param name="scratch"><see cref="TileBlock.ScratchFloats"/> floats.</param>
    /// <param name="accumulate">Adds to y.</param>
    public static void Multiply(byte* weights, int columns, float* panels, Matrix y, float* scratch, bool accumulate)
    {
        int rows = y.Columns;
        int tiledRows = (rows + RegisterTileShape.Rows - 1) / RegisterTileShape.Rows * RegisterTileShape.Rows;
        float* results = scratch + ((nint)tiledRows * columns);
        Widen(weights, scratch, (nint)rows * columns);
        new Span<float>(scratch + ((nint)rows * columns), (tiledRows - rows) * columns).Clear();

        int fullDepth = TileBlock.Depth(columns);
        int linesPerStep = PanelColumns / LineFloats;
        for (int t = 0; t < y.Rows; t += PanelColumns, panels += (nint)PanelColumns * columns)
        {
            int tokens = Math.Min(PanelColumns, y.Rows - t);
            int vectors = (tokens + S.Count - 1) / S.Count;
            for (int k = 0; k < columns; k += fullDepth)
            {
                int depth = Math.Min(fullDepth, columns - k);
                float* pass = panels + ((nint)k * PanelColumns), next = pass + ((nint)depth * PanelColumns);
                for (int row = 0; row < tiledRows; row += RegisterTileShape.Rows)
                {
                    if (k + depth == columns)
                        PrefetchResults(y.SliceRows(t, tokens), row, tiledRows);
                    RegisterTile<S, V>.Multiply(
                        scratch + ((nint)row * columns) + k, columns,
                        pass, PanelColumns,
                        results + (row * PanelColumns), PanelColumns,
                        depth, vectors, accumulate: k > 0, next);
                    // The first tiles fetch the next pass; the others must not run ahead of it, or it drives the weights out.
                    next = row / RegisterTileShape.Rows < linesPerStep - 1 ? next + ((nint)depth * LineFloats) : pass;
                }
            }
            Transpose.Copy(results, PanelColumns, y[t], y.Stride, rows, tokens, accumulate);
        }
    }

    /// <summary>Fetches the rows that are written next, some with each tile: they lie far apart, and each would be a miss of its own.</summary>
    private static void PrefetchResults(Matrix y, int row, int tiledRows)
    {
        if (!Sse.IsSupported)
            return;
        int first = y.Rows * row / tiledRows, end = y.Rows * (row + RegisterTileShape.Rows) / tiledRows;
        for (int token = first; token < end; token++)
        {
            for (int column = 0; column < y.Columns; column += LineFloats)
                Sse.Prefetch0(y[token] + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(byte* source, float* destination, nint count)
    {
        nint i = 0;
        for (; i + S.Count <= count; i += S.Count)
            S.Store(W.Load<S, V>(source + (i * W.Size)), destination + i);
        for (; i < count; i++)
            destination[i] = W.LoadOne(source + (i * W.Size));
    }
}
