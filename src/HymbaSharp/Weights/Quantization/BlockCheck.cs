using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Weights;

/// <summary>Looks for damage in a quantised checkpoint: a scale that is no finite number.</summary>
internal static unsafe class BlockCheck
{
    private const int ExponentMask = 0x7F80;

    /// <exception cref="CheckpointException">A scale is not finite.</exception>
    public static void Verify(Checkpoint checkpoint, HymbaConfig config)
    {
        foreach ((string name, long[] shape) in TensorNames.Expected(config))
        {
            if (shape.Length != 2 || !TensorNames.IsMatrix(name) || !checkpoint.Contains(name))
                continue;
            int rows = (int)shape[0], columns = (int)shape[1];
            if (checkpoint.BlockType(name, rows, columns) is { } type)
                Verify(name, new BlockLayout(type, rows, columns), (nint)checkpoint.Matrix(name, rows, columns).Data);
        }
    }

    private static void Verify(string name, BlockLayout layout, nint data)
    {
        int damaged = int.MaxValue;
        _ = Parallel.For(0, layout.Groups, group =>
        {
            ReadOnlySpan<ushort> scales = new((byte*)data + ((nint)group * layout.GroupBytes), layout.Blocks * BlockLayout.GroupRows);
            foreach (ushort scale in scales)
            {
                if ((scale & ExponentMask) == ExponentMask)
                    _ = Interlocked.Exchange(ref damaged, Math.Min(damaged, group));
            }
        });
        if (damaged != int.MaxValue)
            throw new CheckpointException($"{name} is damaged: a scale of rows {damaged * BlockLayout.GroupRows} to {Math.Min((damaged + 1) * BlockLayout.GroupRows, layout.Rows) - 1} is not finite.");
    }
}
