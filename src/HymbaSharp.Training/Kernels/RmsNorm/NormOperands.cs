namespace HymbaSharp.Training.Kernels;

/// <summary>What a norm of R rows of n reads, and what its backward pass needs to know of the forward pass.</summary>
internal readonly struct NormOperands<T> where T : unmanaged
{
    /// <summary>x [R, n].</summary>
    public MatrixOf<T> X { get; init; }

    /// <summary>g [1, n].</summary>
    public MatrixOf<T> Gain { get; init; }

    /// <summary>1 / sqrt(mean(x²) + ε) of every row [1, R]: written forward, read backward.</summary>
    public MatrixOf<T> InverseRms { get; init; }

    /// <summary>Throws unless the shapes fit each other.</summary>
    public void RequireShapes()
    {
        X.Require(X.Rows, X.Columns, "RMSNorm: x");
        Gain.Require(1, X.Columns, "RMSNorm: the gain");
        InverseRms.Require(1, X.Rows, "RMSNorm: the inverse roots");
    }
}

/// <summary>The gradients of a norm.</summary>
internal readonly struct NormGradients<T> where T : unmanaged
{
    /// <summary>Of x [R, n]; may be the gradient of y unless it is added to.</summary>
    public MatrixOf<T> X { get; init; }

    /// <summary>Of g [1, n], always written; left out where the gain is frozen.</summary>
    public MatrixOf<T> Gain { get; init; }
}
