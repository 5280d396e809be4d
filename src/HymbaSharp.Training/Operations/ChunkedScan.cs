using HymbaSharp.Training.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// The selective scan in operations of the tensor library, for devices without kernels of our own: chunks of rows, each a linear recurrence over all its
/// channels and states at once. Only the state between chunks is kept; backward computes a chunk again, and its gradients by the recurrence run from the end.
/// </summary>
internal sealed class ChunkedScan(int chunkRows) : Operation
{
    // Of [L, I, N], a handful of which live at a time: 256 MB each in float32.
    private const long ChunkValues = 1L << 26;

    private Tensor[] _operands = [];
    private Tensor[] _states = [];

    public static Tensor Apply(
        Tensor decayLog, Tensor skip, Tensor delta, Tensor deltaBias, Tensor c, Tensor inputB, Tensor outputC, Tensor gate,
        RowRange[] documents, int? chunkRows = null)
    {
        // A row that begins a document keeps nothing of the row before.
        Tensor keeps = (ConvolutionOperation.Positions(documents, c.device) > 0).to_type(c.dtype);
        int rows = chunkRows ?? (int)Math.Max(1, ChunkValues / decayLog.numel());
        return new ChunkedScan(rows).Invoke(decayLog, skip, delta, deltaBias, c, inputB, outputC, gate, keeps)[0];
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _operands = [.. inputs.Select(Keep)];
        Tensor state = zeros_like(inputs[0]);
        List<Tensor> results = [], states = [];
        for (int start = 0; start < inputs[4].shape[0]; start += chunkRows)
        {
            states.Add(Keep(state));
            using DisposeScope scope = NewDisposeScope();
            Chunk chunk = new(inputs, start, chunkRows, state);
            results.Add((chunk.Sum * nn.functional.silu(chunk.Gate)).MoveToOuterDisposeScope());
            state = chunk.Last.clone().MoveToOuterDisposeScope();
        }
        _states = [.. states];
        return [cat(results, 0)];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor[] sums = [.. new[] { _operands[0], _operands[1], _operands[3] }.Select(operand => zeros_like(operand))];
        List<Tensor[]> parts = [];
        Tensor stateGradient = zeros_like(_operands[0]);
        for (int i = _states.Length - 1; i >= 0; i--)
        {
            using DisposeScope scope = NewDisposeScope();
            Chunk chunk = new(_operands, i * chunkRows, chunkRows, _states[i]);
            (Tensor[] constants, Tensor[] rows, stateGradient) = chunk.Backward(gradients[0].narrow(0, i * chunkRows, chunk.Rows), stateGradient);
            for (int s = 0; s < sums.Length; s++)
                sums[s] = (sums[s] + constants[s]).MoveToOuterDisposeScope();
            parts.Insert(0, [.. rows.Select(part => part.MoveToOuterDisposeScope())]);
            _ = stateGradient.MoveToOuterDisposeScope();
        }
        Tensor Joined(int i) => cat([.. parts.Select(part => part[i])], 0);
        return [sums[0], sums[1], Joined(0), sums[2], Joined(1), Joined(2), Joined(3), Joined(4), null];
    }

    /// <summary>Rows of the scan and what both passes compute of them. L rows: Δ, c, gate [L, I]; B, C [L, N]; decay and states [L, I, N].</summary>
    private sealed class Chunk
    {
        private readonly Tensor _a, _skip, _raw, _delta, _c, _inputB, _outputC, _first, _decay, _states;

        public Chunk(Tensor[] operands, int start, int rows, Tensor first)
        {
            Rows = Math.Min(rows, operands[4].shape[0] - start);
            Tensor Of(int i) => operands[i].narrow(0, start, Rows);
            (_a, _skip, _raw, _first) = (operands[0].exp().neg(), operands[1], Of(2) + operands[3], first);
            (_c, _inputB, _outputC, Gate) = (Of(4), Of(5), Of(6), Of(7));
            _delta = nn.functional.softplus(_raw);
            _decay = (_delta.unsqueeze(2) * _a).exp_().mul_(Of(8).view(-1, 1, 1));
            _states = LinearRecurrence.Run(_decay, (_delta * _c).unsqueeze(2) * _inputB.unsqueeze(1), first);
            Sum = _states.matmul(_outputC.unsqueeze(2)).squeeze(2) + (_skip * _c);
        }

        public long Rows { get; }

        public Tensor Gate { get; }

        /// <summary>y before the gate [L, I].</summary>
        public Tensor Sum { get; }

        /// <summary>The state after the last row [I, N].</summary>
        public Tensor Last => _states.select(0, Rows - 1);

        /// <summary>The gradients of A_log, D and Δ's bias; of the rows of Δ, c, B, C and gate; and of the state before the first row.</summary>
        public (Tensor[] Constants, Tensor[] Rows, Tensor First) Backward(Tensor dy, Tensor dLast)
        {
            Tensor open = Gate.sigmoid(), dSum = dy * Gate * open;
            Tensor dGate = dy * Sum * open * (1 + (Gate * (1 - open)));
            Tensor dOutputC = dSum.unsqueeze(1).matmul(_states).squeeze(1);

            // A state reaches its own row's sum, and through the next row's decay all later ones: the recurrence from the end.
            Tensor dInput = dSum.unsqueeze(2) * _outputC.unsqueeze(1);
            _ = dInput.select(0, Rows - 1).add_(dLast);
            Tensor later = cat([_decay.narrow(0, 1, Rows - 1), ones_like(_first).unsqueeze(0)], 0).flip(0);
            dInput = LinearRecurrence.Run(later, dInput.flip(0), zeros_like(_first)).flip(0);

            Tensor before = cat([_first.unsqueeze(0), _states.narrow(0, 0, Rows - 1)], 0);
            Tensor dExponent = before.mul_(_decay).mul_(dInput);
            Tensor dProduct = dInput.matmul(_inputB.unsqueeze(2)).squeeze(2); // of Δ·c
            Tensor dDelta = (dExponent * _a).sum([2]) + (dProduct * _c);
            Tensor dRaw = dDelta * _raw.sigmoid();
            Tensor dc = (dSum * _skip) + (dProduct * _delta);
            Tensor dInputB = (_delta * _c).unsqueeze(1).matmul(dInput).squeeze(1);
            Tensor dDecayLog = (dExponent * _delta.unsqueeze(2)).sum([0]) * _a;
            return ([dDecayLog, (dSum * _c).sum([0]), dRaw.sum([0])], [dRaw, dc, dInputB, dOutputC, dGate], _decay.select(0, 0) * dInput.select(0, 0));
        }
    }
}
