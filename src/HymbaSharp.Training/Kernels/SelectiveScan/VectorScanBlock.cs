using System.Runtime.CompilerServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>The vector kernel: the lanes are channels, so that only B's and C's gradients need sums across lanes, once for each chunk and part.</summary>
internal unsafe struct VectorScanBlock<S, V> : IScanBlock<float> where S : struct, ISimd<V> where V : struct
{
    public static int Lanes => S.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(in ScanOperands<float> operands, RowRange chunk, int channel, float* rates, float* state)
    {
        MatrixOf<float> deltas = operands.Delta, inputs = operands.C, gates = operands.Gate, results = operands.Y;
        MatrixOf<float> inputB = operands.InputB, outputC = operands.OutputC;
        int states = operands.A.Rows;
        V skip = S.Load(operands.Skip.Data + channel), bias = S.Load(operands.DeltaBias.Data + channel);
        for (int row = chunk.Start; row < chunk.End; row++)
        {
            V delta = Elementary<S, V>.Softplus(S.Add(S.Load(deltas[row] + channel), bias)), c = S.Load(inputs[row] + channel);
            V scaled = S.Multiply(delta, c), y = S.Multiply(skip, c);
            float* b = inputB[row], readout = outputC[row], h = state, rate = rates;
            for (int n = 0; n < states; n++, h += S.Count, rate += S.Count)
            {
                V kept = S.Multiply(Elementary<S, V>.Exp(S.Multiply(delta, S.Load(rate))), S.Load(h));
                V next = S.MultiplyAdd(scaled, S.Create(b[n]), kept);
                S.Store(next, h);
                y = S.MultiplyAdd(next, S.Create(readout[n]), y);
            }
            S.Store(S.Multiply(y, Elementary<S, V>.Silu(S.Load(gates[row] + channel))), results[row] + channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(in ScanOperands<float> operands, in ScanGradients<float> gradients, RowRange chunk, float* before, int channel, in ScanScratch<float> scratch)
    {
        Recompute(operands, chunk, before, channel, scratch);
        MatrixOf<float> deltas = operands.Delta, inputs = operands.C, gates = operands.Gate, inputB = operands.InputB, outputC = operands.OutputC;
        MatrixOf<float> dY = gradients.Y, dDeltas = gradients.Delta, dInputs = gradients.C, dGates = gradients.Gate;
        int states = operands.A.Rows, width = states * S.Count;
        float* carry = scratch.Carry, rates = scratch.Rates, dRates = scratch.ChunkRateGradient;
        V skip = S.Load(operands.Skip.Data + channel), bias = S.Load(operands.DeltaBias.Data + channel);
        V biasGradient = S.Zero, skipGradient = S.Zero;
        for (int n = 0; n < width; n += S.Count)
            S.Store(S.Zero, dRates + n);
        for (int t = chunk.Count - 1; t >= 0; t--)
        {
            int row = chunk.Start + t;
            V delta = S.Load(scratch.Deltas + (t * S.Count)), c = S.Load(inputs[row] + channel), scaled = S.Multiply(delta, c);
            V gate = S.Load(gates[row] + channel), sigmoid = Slopes<S, V>.Sigmoid(gate), dy = S.Load(dY[row] + channel);
            V dSum = S.Multiply(dy, S.Multiply(gate, sigmoid)), sum = S.Multiply(skip, c);
            V dDelta = S.Zero, dInput = S.Zero;
            float* b = inputB[row], readout = outputC[row];
            float* previous = scratch.States + (t * width), state = previous + width, decay = scratch.Decays + (t * width);
            float* dB = scratch.InputB + (t * width), dC = scratch.OutputC + (t * width);
            for (int n = 0, i = 0; n < states; n++, i += S.Count)
            {
                V h = S.Load(state + i), factor = S.Create(readout[n]);
                sum = S.MultiplyAdd(h, factor, sum);
                S.Store(S.MultiplyAdd(dSum, h, S.Load(dC + i)), dC + i);
                V dState = S.MultiplyAdd(dSum, factor, S.Load(carry + i));
                S.Store(S.MultiplyAdd(dState, scaled, S.Load(dB + i)), dB + i);
                dInput = S.MultiplyAdd(dState, S.Create(b[n]), dInput);
                V kept = S.Multiply(dState, S.Load(decay + i));
                S.Store(kept, carry + i);
                V dExponent = S.Multiply(kept, S.Load(previous + i));
                dDelta = S.MultiplyAdd(dExponent, S.Load(rates + i), dDelta);
                S.Store(S.MultiplyAdd(dExponent, delta, S.Load(dRates + i)), dRates + i);
            }
            V dRaw = S.Multiply(S.MultiplyAdd(dInput, c, dDelta), Slopes<S, V>.Sigmoid(S.Add(S.Load(deltas[row] + channel), bias)));
            S.Store(dRaw, dDeltas[row] + channel);
            S.Store(S.MultiplyAdd(dInput, delta, S.Multiply(dSum, skip)), dInputs[row] + channel);
            S.Store(S.Multiply(S.Multiply(dy, sum), Slopes<S, V>.Silu(gate, sigmoid)), dGates[row] + channel);
            biasGradient = S.Add(biasGradient, dRaw);
            skipGradient = S.MultiplyAdd(dSum, c, skipGradient);
        }
        for (int n = 0; n < width; n += S.Count)
            S.Store(S.Add(S.Load(scratch.RateGradient + n), S.Load(dRates + n)), scratch.RateGradient + n);
        float* dBias = gradients.DeltaBias.Data + channel, dSkip = gradients.Skip.Data + channel;
        S.Store(S.Add(S.Load(dBias), biasGradient), dBias);
        S.Store(S.Add(S.Load(dSkip), skipGradient), dSkip);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumLanes(float* vectors, float* sums, int count, bool accumulate)
    {
        for (int i = 0; i < count; i++)
        {
            float sum = S.Sum(S.Load(vectors + ((nint)i * S.Count)));
            sums[i] = accumulate ? sums[i] + sum : sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Recompute(in ScanOperands<float> operands, RowRange chunk, float* before, int channel, in ScanScratch<float> scratch)
    {
        MatrixOf<float> deltas = operands.Delta, inputs = operands.C, inputB = operands.InputB;
        int states = operands.A.Rows, width = states * S.Count;
        V bias = S.Load(operands.DeltaBias.Data + channel);
        for (int n = 0; n < states; n++)
            S.Store(before is null ? S.Zero : S.Load(before + ((nint)n * operands.States.Stride)), scratch.States + (n * S.Count));
        for (int t = 0; t < chunk.Count; t++)
        {
            int row = chunk.Start + t;
            V delta = Elementary<S, V>.Softplus(S.Add(S.Load(deltas[row] + channel), bias));
            V scaled = S.Multiply(delta, S.Load(inputs[row] + channel));
            S.Store(delta, scratch.Deltas + (t * S.Count));
            float* b = inputB[row], rate = scratch.Rates, previous = scratch.States + (t * width), decays = scratch.Decays + (t * width);
            for (int n = 0; n < states; n++, rate += S.Count, previous += S.Count, decays += S.Count)
            {
                V decay = Elementary<S, V>.Exp(S.Multiply(delta, S.Load(rate)));
                S.Store(decay, decays);
                S.Store(S.MultiplyAdd(scaled, S.Create(b[n]), S.Multiply(decay, S.Load(previous))), previous + width);
            }
        }
    }
}
