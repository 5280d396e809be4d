using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>The scalar twin of the block kernels.</summary>
internal static unsafe class ScalarBlockMatMul
{
    /// <summary>y ← y + X · Wᵀ for the rows of one group, over some of its blocks.</summary>
    public static void Multiply(WeightMatrix weights, int group, int firstBlock, int blocks, BlockPanels panels, int panelRow, int rows, Matrix y)
    {
        BlockLayout layout = weights.Blocks!.Value;
        sbyte* quants = panels.Quants + ((nint)panelRow * panels.PaddedColumns);
        for (int t = 0; t < rows; t++)
        {
            for (int r = 0; r < y.Columns; r++)
            {
                float sum = y[t][r];
                for (int block = firstBlock; block < firstBlock + blocks; block++)
                {
                    int dot = 0;
                    for (int column = block * layout.BlockColumns; column < (block + 1) * layout.BlockColumns; column++)
                    {
                        int quad = column / BlockLayout.QuadColumns;
                        dot += Quant(weights.Data, layout, (group * BlockLayout.GroupRows) + r, column)
                            * quants[(((quad * rows) + t) * BlockLayout.QuadColumns) + (column % BlockLayout.QuadColumns)];
                    }
                    float scale = Scale(weights.Data, layout, (group * BlockLayout.GroupRows) + r, block) * panels.Scales[((nint)panelRow * panels.Blocks) + (block * rows) + t];
                    sum = MathF.FusedMultiplyAdd(dot, scale, sum);
                }
                y[t][r] = sum;
            }
        }
    }

    /// <summary>A weight's quant less its zero.</summary>
    public static int Quant(byte* data, BlockLayout layout, int row, int column)
    {
        (long offset, int shift) = layout.QuantPlace(row, column);
        int mask = layout.Type == WeightType.Q4 ? 15 : 255;
        return ((data[offset] >> shift) & mask) - layout.Zero;
    }

    /// <summary>The scale of a block.</summary>
    public static float Scale(byte* data, BlockLayout layout, int row, int block) => StoredBFloat16.LoadOne(data + layout.ScaleOffset(row, block));
}
