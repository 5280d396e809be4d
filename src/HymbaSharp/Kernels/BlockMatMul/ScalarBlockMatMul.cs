using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>The scalar twin of the block kernels.</summary>
internal static unsafe class ScalarBlockMatMul
{
    /// <summary>A group's rows times a panel, over some of its blocks, added to sixteen sums for each row of the panel.</summary>
    public static void Multiply(byte* weights, in BlockLayout layout, int group, int firstBlock, int blocks, in BlockPanels panels, int row, int rows, float* sums)
    {
        sbyte* quants = panels.Quants + ((nint)row * panels.PaddedColumns);
        float* scales = panels.Scales + ((nint)row * panels.Blocks);
        for (int t = 0; t < rows; t++)
        {
            for (int r = 0; r < BlockLayout.GroupRows; r++)
            {
                float sum = sums[(t * BlockLayout.GroupRows) + r];
                for (int block = firstBlock; block < firstBlock + blocks; block++)
                {
                    int dot = 0;
                    for (int column = block * layout.BlockColumns; column < (block + 1) * layout.BlockColumns; column++)
                    {
                        int quad = column / BlockLayout.QuadColumns;
                        dot += Quant(weights, layout, (group * BlockLayout.GroupRows) + r, column)
                            * quants[(((quad * rows) + t) * BlockLayout.QuadColumns) + (column % BlockLayout.QuadColumns)];
                    }
                    float scale = Scale(weights, layout, (group * BlockLayout.GroupRows) + r, block) * scales[(block * rows) + t];
                    sum = MathF.FusedMultiplyAdd(dot, scale, sum);
                }
                sums[(t * BlockLayout.GroupRows) + r] = sum;
            }
        }
    }

    /// <summary>A weight's quant less its zero.</summary>
    public static int Quant(byte* data, in BlockLayout layout, int row, int column)
    {
        (long offset, int shift) = layout.QuantPlace(row, column);
        int mask = layout.Type == WeightType.Q4 ? 15 : 255;
        return ((data[offset] >> shift) & mask) - layout.Zero;
    }

    /// <summary>The scale of a block.</summary>
    public static float Scale(byte* data, in BlockLayout layout, int row, int block) => StoredBFloat16.LoadOne(data + layout.ScaleOffset(row, block));
}
