using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>One block of weight rows times packed panels of activations.</summary>
internal static unsafe class TileKernel<S, V, W>
    where S : struct, ISimd<V> where V : struct where W : struct, IStoredType
{
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

        int pass = TileBlock.Depth(columns);
        for (int t = 0; t < y.Rows; t += PanelColumns, panels += (nint)PanelColumns * columns)
        {
            int tokens = Math.Min(PanelColumns, y.Rows - t);
            int vectors = (tokens + S.Count - 1) / S.Count;
            for (int k = 0; k < columns; k += pass)
            {
                int depth = Math.Min(pass, columns - k);
                float* next = panels + ((nint)(k + depth) * PanelColumns);
                for (int row = 0; row < tiledRows; row += RegisterTileShape.Rows)
                {
                    RegisterTile<S, V>.Multiply(
                        scratch + ((nint)row * columns) + k, columns,
                        panels + ((nint)k * PanelColumns), PanelColumns,
                        results + (row * PanelColumns), PanelColumns,
                        depth, vectors, accumulate: k > 0, next);
                    next += (nint)depth * 16;
                }
            }
            Transpose.Copy(results, PanelColumns, y[t], y.Stride, rows, tokens, accumulate);
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
