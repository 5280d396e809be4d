using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>The vector kernel: one vector of channels runs through all rows, its N states staying in the first-level cache.</summary>
internal static unsafe class VectorScan<S, V> where S : struct, ISimd<V> where V : struct
{
    private const int ChannelsAhead = 64;

    /// <summary>Channels <paramref name="start"/> … <paramref name="end"/> − 1 over all rows; <paramref name="state"/> is h [N, I] before them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(in ScanOperands operands, float* state, StateSlots slots, int start, int end)
    {
        Matrix a = operands.A, deltas = operands.Delta, inputs = operands.C, gates = operands.Gate, results = operands.Y;
        Matrix inputB = operands.InputB, outputC = operands.OutputC;
        int i = start;
        for (; i + S.Count <= end; i += S.Count)
        {
            Fetch(state + i, a);
            V skip = S.Load(operands.Skip + i);
            for (int t = 0; t < results.Rows; t++)
            {
                V delta = S.Load(deltas[t] + i), c = S.Load(inputs[t] + i);
                V scaled = S.Multiply(delta, c), y = S.Multiply(skip, c);
                float* b = inputB[t], readout = outputC[t];
                float* h = slots.After(state, t) + i, decay = a.Data + i;
                nint onwards = slots.KeepsRows ? (nint)(slots.After(state, t + 1) + i - h) : 0;
                for (int n = 0; n < a.Rows; n++, h += a.Columns, decay += a.Stride)
                {
                    V kept = S.Multiply(Elementary<S, V>.Exp(S.Multiply(delta, S.Load(decay))), S.Load(h));
                    V next = S.MultiplyAdd(scaled, S.Create(b[n]), kept);
                    S.Store(next, h + onwards);
                    y = S.MultiplyAdd(next, S.Create(readout[n]), y);
                }
                S.Store(S.Multiply(y, Elementary<S, V>.Silu(S.Load(gates[t] + i))), results[t] + i);
            }
        }
        ScalarScan.Apply(operands, state, slots, i, end);
    }

    /// <summary>Fetches states of channels to come: their rows are as many streams as there are states, more than the hardware prefetcher follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* state, Matrix a)
    {
        if (!Sse.IsSupported)
            return;
        state += ChannelsAhead;
        for (int n = 0; n < a.Rows; n++, state += a.Columns)
            Sse.Prefetch0(state);
    }
}
