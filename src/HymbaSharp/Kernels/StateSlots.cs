namespace HymbaSharp.Kernels;

/// <summary>
/// Copies of a sequence's recurrent state, in a ring: where rows may have to be taken back, each leaves its state in the next slot and the one
/// before it stays. Without slots a row overwrites the state it found.
/// </summary>
internal readonly unsafe struct StateSlots(int current, int count, nint floats)
{
    /// <summary>Whether each row leaves a state of its own.</summary>
    public bool KeepsRows => count > 0;

    /// <summary>The state after so many rows, given where the state before them lies.</summary>
    public float* After(float* state, int rows)
    {
        if (count == 0)
            return state;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rows, count);
        return state + ((((current + rows) % count) - current) * floats);
    }
}
