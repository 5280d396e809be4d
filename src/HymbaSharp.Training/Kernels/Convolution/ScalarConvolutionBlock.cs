using System.Numerics;

namespace HymbaSharp.Training.Kernels;

/// <summary>The scalar twin, in float32 or float64: a block is one channel.</summary>
internal unsafe struct ScalarConvolutionBlock<T> : IConvolutionBlock<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static int Lanes => 1;

    public static void Forward(in ConvolutionOperands<T> operands, RowRange document, RowRange tile, int channel)
    {
        int taps = operands.Weights.Rows;
        for (int row = tile.Start; row < tile.End; row++)
        {
            T sum = operands.Bias.Data[channel];
            for (int j = Math.Max(0, document.Start - (row - taps + 1)); j < taps; j++)
                sum += operands.Weights[j][channel] * operands.S[row - taps + 1 + j][channel];
            operands.C[row][channel] = ScalarFunctions<T>.Silu(sum);
        }
    }

    public static void Backward(
        in ConvolutionOperands<T> operands, in ConvolutionGradients<T> gradients, RowRange document, RowRange tile, int channel, in ConvolutionScratch<T> scratch)
    {
        MatrixOf<T> weights = operands.Weights;
        int taps = weights.Rows, before = taps - 1;
        for (int i = 0; i < tile.Count + (2 * before); i++)
        {
            int row = tile.Start - before + i;
            scratch.Inputs[i] = row < document.Start || row >= document.End ? T.Zero : operands.S[row][channel];
        }
        for (int i = 0; i < tile.Count + before; i++)
        {
            int row = tile.Start + i;
            T sum = operands.Bias.Data[channel];
            for (int j = 0; j < taps; j++)
                sum += weights[j][channel] * scratch.Inputs[i + j];
            scratch.Sums[i] = row >= document.End ? T.Zero : gradients.C[row][channel] * ScalarFunctions<T>.SiluSlope(sum);
        }
        for (int i = 0; i < tile.Count; i++)
        {
            T input = T.Zero;
            for (int j = 0; j < taps; j++)
                input += weights[j][channel] * scratch.Sums[i + before - j];
            gradients.S[tile.Start + i][channel] = input;
        }
        T bias = T.Zero;
        for (int i = 0; i < tile.Count; i++)
            bias += scratch.Sums[i];
        gradients.Bias.Data[channel] += bias;
        for (int j = 0; j < taps; j++)
        {
            T weight = T.Zero;
            for (int i = 0; i < tile.Count; i++)
                weight += scratch.Sums[i] * scratch.Inputs[i + j];
            gradients.Weights[j][channel] += weight;
        }
    }
}
