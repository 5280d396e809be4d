using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>The vector kernel: the lanes are channels, which don't mix.</summary>
internal unsafe struct VectorConvolutionBlock<S, V> : IConvolutionBlock<float> where S : struct, ISimd<V> where V : struct
{
    public static int Lanes => S.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(in ConvolutionOperands<float> operands, RowRange document, RowRange tile, int channel)
    {
        MatrixOf<float> weights = operands.Weights, inputs = operands.S, results = operands.C;
        int taps = weights.Rows;
        V bias = S.Load(operands.Bias.Data + channel);
        for (int row = tile.Start; row < tile.End; row++)
        {
            V sum = bias;
            int first = row - taps + 1;
            for (int j = Math.Max(0, document.Start - first); j < taps; j++)
                sum = S.MultiplyAdd(S.Load(weights[j] + channel), S.Load(inputs[first + j] + channel), sum);
            S.Store(Elementary<S, V>.Silu(sum), results[row] + channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        in ConvolutionOperands<float> operands, in ConvolutionGradients<float> gradients, RowRange document, RowRange tile, int channel, in ConvolutionScratch<float> scratch)
    {
        MatrixOf<float> weights = operands.Weights, s = operands.S, dC = gradients.C, dS = gradients.S, dWeights = gradients.Weights;
        float* inputs = scratch.Inputs, sums = scratch.Sums;
        int taps = weights.Rows, before = taps - 1;
        for (int i = 0; i < tile.Count + (2 * before); i++)
        {
            int row = tile.Start - before + i;
            S.Store(row < document.Start || row >= document.End ? S.Zero : S.Load(s[row] + channel), inputs + (i * S.Count));
        }
        V bias = S.Load(operands.Bias.Data + channel), dBias = S.Zero;
        for (int i = 0; i < tile.Count + before; i++)
        {
            int row = tile.Start + i;
            V gradient = S.Zero;
            if (row < document.End)
            {
                V sum = bias;
                for (int j = 0; j < taps; j++)
                    sum = S.MultiplyAdd(S.Load(weights[j] + channel), S.Load(inputs + ((i + j) * S.Count)), sum);
                gradient = S.Multiply(S.Load(dC[row] + channel), Slopes<S, V>.Silu(sum, Slopes<S, V>.Sigmoid(sum)));
            }
            S.Store(gradient, sums + (i * S.Count));
        }
        for (int i = 0; i < tile.Count; i++)
        {
            V input = S.Zero;
            for (int j = 0; j < taps; j++)
                input = S.MultiplyAdd(S.Load(weights[j] + channel), S.Load(sums + ((i + before - j) * S.Count)), input);
            S.Store(input, dS[tile.Start + i] + channel);
            dBias = S.Add(dBias, S.Load(sums + (i * S.Count)));
        }
        float* biasGradient = gradients.Bias.Data + channel;
        S.Store(S.Add(S.Load(biasGradient), dBias), biasGradient);
        for (int j = 0; j < taps; j++)
        {
            V weight = S.Zero;
            for (int i = 0; i < tile.Count; i++)
                weight = S.MultiplyAdd(S.Load(sums + (i * S.Count)), S.Load(inputs + ((i + j) * S.Count)), weight);
            S.Store(S.Add(S.Load(dWeights[j] + channel), weight), dWeights[j] + channel);
        }
    }
}
