namespace HymbaSharp.Kernels;

/// <summary>One sequence's rows in a stacked batch and, for the layer at hand, where its state lies.</summary>
internal unsafe struct SequenceSlice
{
    /// <summary>First of its rows in the batch.</summary>
    public int Start;

    /// <summary>How many rows it has in the batch.</summary>
    public int Count;

    /// <summary>Position of its first row in the sequence, meta tokens included.</summary>
    public int Position;

    /// <summary>The K − 1 rows of SSM input before this step [K − 1, I], oldest first.</summary>
    public float* ConvolutionTail;

    /// <summary>h [N, I].</summary>
    public float* ScanState;

    /// <summary>Where each row leaves its state; by default where it found it.</summary>
    public StateSlots Slots;

    /// <summary>K/V pages by position / <see cref="KeyValuePage.Rows"/>; null where a window has passed.</summary>
    public float** Pages;
}
