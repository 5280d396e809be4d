namespace HymbaSharp.Training.Kernels;

/// <summary>What a convolution over R packed rows reads, and c.</summary>
internal readonly struct ConvolutionOperands<T> where T : unmanaged
{
    /// <summary>Taps outside [K, I]: conv1d.weight transposed. Tap K − 1 is the row's own.</summary>
    public MatrixOf<T> Weights { get; init; }

    /// <summary>[1, I].</summary>
    public MatrixOf<T> Bias { get; init; }

    /// <summary>s, the SSM inputs [R, I].</summary>
    public MatrixOf<T> S { get; init; }

    /// <summary>c [R, I], written forward; not used backward.</summary>
    public MatrixOf<T> C { get; init; }
}

/// <summary>The gradients of a convolution: c's is given, all others are written. They may not overlap the operands or each other.</summary>
internal readonly struct ConvolutionGradients<T> where T : unmanaged
{
    /// <summary>The gradient of c [R, I], given.</summary>
    public MatrixOf<T> C { get; init; }

    /// <summary>Of the weights [K, I].</summary>
    public MatrixOf<T> Weights { get; init; }

    /// <summary>Of the bias [1, I].</summary>
    public MatrixOf<T> Bias { get; init; }

    /// <summary>Of s [R, I].</summary>
    public MatrixOf<T> S { get; init; }
}
