using System.Numerics;

namespace HymbaSharp.Training.Kernels;

/// <summary>The scalar twin, in float32 or float64: a block is one channel.</summary>
internal unsafe struct ScalarScanBlock<T> : IScanBlock<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static int Lanes => 1;

    public static void Forward(in ScanOperands<T> operands, RowRange chunk, int channel, T* rates, T* state)
    {
        int states = operands.A.Rows;
        T skip = operands.Skip.Data[channel], bias = operands.DeltaBias.Data[channel];
        for (int row = chunk.Start; row < chunk.End; row++)
        {
            T delta = ScalarFunctions<T>.Softplus(operands.Delta[row][channel] + bias), c = operands.C[row][channel];
            T* b = operands.InputB[row], readout = operands.OutputC[row];
            T y = skip * c;
            for (int n = 0; n < states; n++)
            {
                state[n] = (T.Exp(delta * rates[n]) * state[n]) + (delta * c * b[n]);
                y += state[n] * readout[n];
            }
            operands.Y[row][channel] = y * ScalarFunctions<T>.Silu(operands.Gate[row][channel]);
        }
    }

    public static void Backward(in ScanOperands<T> operands, in ScanGradients<T> gradients, RowRange chunk, T* before, int channel, in ScanScratch<T> scratch)
    {
        Recompute(operands, chunk, before, channel, scratch);
        int states = operands.A.Rows;
        T skip = operands.Skip.Data[channel], bias = operands.DeltaBias.Data[channel];
        T biasGradient = T.Zero, skipGradient = T.Zero;
        new Span<T>(scratch.ChunkRateGradient, states).Clear();
        for (int t = chunk.Count - 1; t >= 0; t--)
        {
            int row = chunk.Start + t;
            T delta = scratch.Deltas[t], c = operands.C[row][channel], gate = operands.Gate[row][channel], dy = gradients.Y[row][channel];
            T* b = operands.InputB[row], readout = operands.OutputC[row];
            T* previous = scratch.States + (t * states), state = previous + states, decay = scratch.Decays + (t * states);
            T* dB = scratch.InputB + (t * states), dC = scratch.OutputC + (t * states);
            T dSum = dy * ScalarFunctions<T>.Silu(gate), sum = skip * c;
            T dDelta = T.Zero, dInput = T.Zero;
            for (int n = 0; n < states; n++)
            {
                sum += state[n] * readout[n];
                dC[n] += dSum * state[n];
                T dState = (dSum * readout[n]) + scratch.Carry[n];
                dB[n] += dState * delta * c;
                dInput += dState * b[n];
                scratch.Carry[n] = dState * decay[n];
                T dExponent = scratch.Carry[n] * previous[n];
                dDelta += dExponent * scratch.Rates[n];
                scratch.ChunkRateGradient[n] += dExponent * delta;
            }
            T dRaw = (dDelta + (dInput * c)) * ScalarFunctions<T>.Sigmoid(operands.Delta[row][channel] + bias);
            gradients.Delta[row][channel] = dRaw;
            gradients.C[row][channel] = (dSum * skip) + (dInput * delta);
            gradients.Gate[row][channel] = dy * sum * ScalarFunctions<T>.SiluSlope(gate);
            biasGradient += dRaw;
            skipGradient += dSum * c;
        }
        for (int n = 0; n < states; n++)
            scratch.RateGradient[n] += scratch.ChunkRateGradient[n];
        gradients.DeltaBias.Data[channel] += biasGradient;
        gradients.Skip.Data[channel] += skipGradient;
    }

    public static void SumLanes(T* vectors, T* sums, int count, bool accumulate)
    {
        for (int i = 0; i < count; i++)
            sums[i] = accumulate ? sums[i] + vectors[i] : vectors[i];
    }

    private static void Recompute(in ScanOperands<T> operands, RowRange chunk, T* before, int channel, in ScanScratch<T> scratch)
    {
        int states = operands.A.Rows;
        T bias = operands.DeltaBias.Data[channel];
        for (int n = 0; n < states; n++)
            scratch.States[n] = before is null ? T.Zero : before[(nint)n * operands.States.Stride];
        for (int t = 0; t < chunk.Count; t++)
        {
            int row = chunk.Start + t;
            T delta = ScalarFunctions<T>.Softplus(operands.Delta[row][channel] + bias), c = operands.C[row][channel];
            T* b = operands.InputB[row], previous = scratch.States + (t * states), decay = scratch.Decays + (t * states);
            scratch.Deltas[t] = delta;
            for (int n = 0; n < states; n++)
            {
                decay[n] = T.Exp(delta * scratch.Rates[n]);
                previous[states + n] = (decay[n] * previous[n]) + (delta * c * b[n]);
            }
        }
    }
}
