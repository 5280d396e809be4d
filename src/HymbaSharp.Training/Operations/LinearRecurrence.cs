using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// h_t = decay_t·h_{t−1} + input_t in operations of the tensor library: blocks of a few rows run side by side from zero, the states at their ends are a recurrence
/// of the same kind over the blocks, and its result is added to each block as far as its decays let it reach (Blelloch 1990, section 1.4.1). So the number of operations grows
/// with the logarithm of the rows, and each is over many of them.
/// </summary>
internal static class LinearRecurrence
{
    private const long Block = 16;

    /// <summary>decay, input [L, I, N] and the state before the first row [I, N] → the states [L, I, N]. Records no gradients.</summary>
    public static Tensor Run(Tensor decay, Tensor input, Tensor first)
    {
        long rows = decay.shape[0];
        if (rows <= Block)
            return OneByOne(decay, input, first);
        long blocks = (rows + Block - 1) / Block;
        long[] missing = [(blocks * Block) - rows, .. first.shape], folded = [blocks, Block, .. first.shape];
        Tensor decays = cat([decay, ones(missing, dtype: decay.dtype, device: decay.device)], 0).view(folded);
        Tensor states = cat([input, zeros(missing, dtype: input.dtype, device: input.device)], 0).view(folded);
        for (long row = 1; row < Block; row++)
            _ = states.select(1, row).addcmul_(decays.select(1, row), states.select(1, row - 1), 1);
        Tensor reach = decays.cumprod(1);
        Tensor ends = Run(reach.select(1, Block - 1), states.select(1, Block - 1), first);
        Tensor before = cat([first.unsqueeze(0), ends.narrow(0, 0, blocks - 1)], 0);
        return states.addcmul_(reach, before.unsqueeze(1), 1).view([blocks * Block, .. first.shape]).narrow(0, 0, rows);
    }

    private static Tensor OneByOne(Tensor decay, Tensor input, Tensor first)
    {
        Tensor states = input.clone(), last = first;
        for (long row = 0; row < states.shape[0]; row++)
            last = states.select(0, row).addcmul_(decay.select(0, row), last, 1);
        return states;
    }
}
