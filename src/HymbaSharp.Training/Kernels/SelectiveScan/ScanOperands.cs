namespace HymbaSharp.Training.Kernels;

/// <summary>What a scan over R packed rows reads, and y.</summary>
internal readonly struct ScanOperands<T> where T : unmanaged
{
    /// <summary>A = −exp(A_log), transposed [N, I].</summary>
    public MatrixOf<T> A { get; init; }

    /// <summary>D [1, I].</summary>
    public MatrixOf<T> Skip { get; init; }

    /// <summary>dt_proj·dt [R, I]: Δ before its bias and softplus.</summary>
    public MatrixOf<T> Delta { get; init; }

    /// <summary>The bias of Δ [1, I].</summary>
    public MatrixOf<T> DeltaBias { get; init; }

    /// <summary>c, the convolved inputs [R, I].</summary>
    public MatrixOf<T> C { get; init; }

    /// <summary>B [R, N].</summary>
    public MatrixOf<T> InputB { get; init; }

    /// <summary>C [R, N].</summary>
    public MatrixOf<T> OutputC { get; init; }

    /// <summary>The gate [R, I].</summary>
    public MatrixOf<T> Gate { get; init; }

    /// <summary>
    /// h before each chunk but a document's first [<see cref="ScanKernel.SavedStates"/>(R) · N, I]: written forward, read backward. May be left out of a
    /// forward pass that no backward pass follows.
    /// </summary>
    public MatrixOf<T> States { get; init; }

    /// <summary>y [R, I], written forward; not used backward.</summary>
    public MatrixOf<T> Y { get; init; }
}

/// <summary>The gradients of a scan: y's is given, all others are written. They may be views of wider matrices, but may not overlap the operands.</summary>
internal readonly struct ScanGradients<T> where T : unmanaged
{
    /// <summary>The gradient of y [R, I], given.</summary>
    public MatrixOf<T> Y { get; init; }

    /// <summary>Of A [N, I]; that of A_log is this times A.</summary>
    public MatrixOf<T> A { get; init; }

    /// <summary>Of D [1, I].</summary>
    public MatrixOf<T> Skip { get; init; }

    /// <summary>Of Δ before bias and softplus [R, I].</summary>
    public MatrixOf<T> Delta { get; init; }

    /// <summary>Of the bias of Δ [1, I].</summary>
    public MatrixOf<T> DeltaBias { get; init; }

    /// <summary>Of c [R, I].</summary>
    public MatrixOf<T> C { get; init; }

    /// <summary>Of B [R, N].</summary>
    public MatrixOf<T> InputB { get; init; }

    /// <summary>Of C [R, N].</summary>
    public MatrixOf<T> OutputC { get; init; }

    /// <summary>Of the gate [R, I].</summary>
    public MatrixOf<T> Gate { get; init; }
}
