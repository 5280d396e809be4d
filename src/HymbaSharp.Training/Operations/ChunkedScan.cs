using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// The selective scan in operations of the tensor library, for devices without kernels of our own: chunks of rows, each by recursive doubling over the
/// associative pairs (decay, input) of h ← decay·h + input (Blelloch 1990). Only the state between chunks is kept; backward computes a chunk again.
/// </summary>
internal sealed class ChunkedScan(int chunkRows) : Operation
{
    private const int ChunkRows = 64;

    private Tensor[] _operands = [];
    private Tensor[] _states = [];

    public static Tensor Apply(
        Tensor decayLog, Tensor skip, Tensor delta, Tensor deltaBias, Tensor c, Tensor inputB, Tensor outputC, Tensor gate,
        RowRange[] documents, int chunkRows = ChunkRows)
    {
        // A row that begins a document keeps nothing of the row before.
        Tensor keeps = (ConvolutionOperation.Positions(documents, c.device) > 0).to_type(c.dtype);
        return new ChunkedScan(chunkRows).Invoke(decayLog, skip, delta, deltaBias, c, inputB, outputC, gate, keeps)[0];
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _operands = [.. inputs.Select(Keep)];
        Tensor state = zeros_like(inputs[0]);
        List<Tensor> results = [], states = [];
        for (int start = 0; start < inputs[4].shape[0]; start += chunkRows)
        {
            states.Add(Keep(state));
            (Tensor y, state) = Chunk(inputs[..2], inputs[3], Rows(inputs, start), state);
            results.Add(y);
        }
        _states = [.. states];
        return [cat(results, 0)];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        long rows = gradients[0].shape[0];
        Tensor[] constants = [.. new[] { _operands[0], _operands[1], _operands[3] }.Select(Leaf)];
        Tensor[] sums = [.. constants.Select(constant => zeros_like(constant))];
        List<Tensor[]> parts = [];
        Tensor stateGradient = zeros_like(_operands[0]);
        for (int chunk = _states.Length - 1; chunk >= 0; chunk--)
        {
            int start = chunk * chunkRows;
            using IDisposable recorded = enable_grad();
            Tensor[] pieces = [.. Rows(_operands, start).Select(Leaf)];
            Tensor state = Leaf(_states[chunk]);
            (Tensor y, Tensor next) = Chunk(constants[..2], constants[2], pieces, state);
            Tensor dy = gradients[0].narrow(0, start, Math.Min(chunkRows, rows - start));
            Tensor[] wanted = [.. constants, .. pieces[..5], state];
            Tensor[] found = [.. autograd.grad([y, next], wanted, [dy, stateGradient])];
            for (int i = 0; i < sums.Length; i++)
                sums[i].add_(found[i].detach());
            parts.Insert(0, found[3..8]);
            stateGradient = found[8].detach();
        }
        Tensor Joined(int i) => cat([.. parts.Select(part => part[i].detach())], 0);
        return [sums[0], sums[1], Joined(0), sums[2], Joined(1), Joined(2), Joined(3), Joined(4), null];
    }

    /// <summary>delta, c, B, C, gate and keeps of a chunk.</summary>
    private Tensor[] Rows(Tensor[] operands, int start)
    {
        long count = Math.Min(chunkRows, operands[4].shape[0] - start);
        Tensor[] rows = [operands[2], .. operands[4..9]];
        return [.. rows.Select(operand => operand.narrow(0, start, count))];
    }

    private static Tensor Leaf(Tensor tensor) => tensor.detach().requires_grad_();

    /// <summary>y [L, I] and the state [I, N] after a chunk of L rows.</summary>
    private static (Tensor Y, Tensor State) Chunk(Tensor[] decayLogAndSkip, Tensor deltaBias, Tensor[] rows, Tensor state)
    {
        Tensor c = rows[1], delta = nn.functional.softplus(rows[0] + deltaBias);
        Tensor decay = (delta.unsqueeze(2) * decayLogAndSkip[0].exp().neg()).exp() * rows[5].view(-1, 1, 1); // [L, I, N]
        Tensor input = (delta * c).unsqueeze(2) * rows[2].unsqueeze(1); // [L, I, N]
        long count = c.shape[0];
        for (long step = 1; step < count; step *= 2)
        {
            // A row's pair covers `step` rows; joined with the pair that ends where it begins it covers twice as many.
            Tensor tail = decay.narrow(0, step, count - step);
            input = cat([input.narrow(0, 0, step), (tail * input.narrow(0, 0, count - step)) + input.narrow(0, step, count - step)], 0);
            decay = cat([decay.narrow(0, 0, step), tail * decay.narrow(0, 0, count - step)], 0);
        }
        Tensor states = (decay * state) + input;
        Tensor y = (states * rows[3].unsqueeze(1)).sum(2) + (decayLogAndSkip[1] * c);
        return (y * nn.functional.silu(rows[4]), states[count - 1]);
    }
}
