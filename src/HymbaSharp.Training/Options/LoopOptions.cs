using HymbaSharp.Checkpoints;

namespace HymbaSharp.Training.Options;

/// <summary>Whether a run goes on from its last checkpoint.</summary>
internal enum Resume
{
    /// <summary>Goes on where the output folder holds a checkpoint.</summary>
    Auto,

    /// <summary>Begins anew, and refuses an output folder that holds a checkpoint.</summary>
    Never,
}

/// <summary>What happens beside the steps: <c>[loop]</c>.</summary>
internal sealed record LoopOptions
{
    /// <summary>Evaluates after so many steps, and at the end; 0 is at the end only. Default 500.</summary>
    public long EvalEvery { get; init; } = 500;

    /// <summary>Writes a checkpoint after so many steps, and at the end; 0 is off. Default 500.</summary>
    public long CheckpointEvery { get; init; } = 500;

    /// <summary>Writes a checkpoint after so many minutes; 0 is off. Default 0.</summary>
    public double CheckpointMinutes { get; init; }

    /// <summary>Keeps so many of the last checkpoints, 1 to 1000. Default 3.</summary>
    public int KeepLast { get; init; } = 3;

    /// <summary>Also keeps the checkpoint with the lowest evaluation loss, where there are evaluation files. Default true.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>Records the loss and the rest after so many steps, 1 or more. Default 10.</summary>
    public long LogEvery { get; init; } = 10;

    /// <summary>Whether to go on from the output folder's last checkpoint: auto or never. Default: auto.</summary>
    public Resume Resume { get; init; }

    /// <summary>The type that the model's weights are written in: bf16 or f32. Default: bf16.</summary>
    public ElementType SaveDtype { get; init; } = ElementType.BF16;
}
