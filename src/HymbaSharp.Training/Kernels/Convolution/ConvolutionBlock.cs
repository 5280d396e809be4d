namespace HymbaSharp.Training.Kernels;

/// <summary>A convolution of <see cref="Lanes"/> neighbouring channels: one vector of them, or a single one in the scalar twin.</summary>
internal unsafe interface IConvolutionBlock<T> where T : unmanaged
{
    /// <summary>Channels of a block.</summary>
    static abstract int Lanes { get; }

    /// <summary>Writes c of a tile of the document's rows.</summary>
    static abstract void Forward(in ConvolutionOperands<T> operands, RowRange document, RowRange tile, int channel);

    /// <summary>Writes the gradient of s of a tile of the document's rows and adds those of weights and bias to what is there.</summary>
    /// <param name="operands">All of them.</param>
    /// <param name="gradients">All of them.</param>
    /// <param name="document">Its rows.</param>
    /// <param name="tile">At most <see cref="ConvolutionKernel.TileRows"/> of them.</param>
    /// <param name="channel">The block's first channel.</param>
    /// <param name="scratch">The block's memory.</param>
    static abstract void Backward(
        in ConvolutionOperands<T> operands, in ConvolutionGradients<T> gradients, RowRange document, RowRange tile, int channel, in ConvolutionScratch<T> scratch);
}

/// <summary>What the backward pass over a tile of m rows keeps for a block of channels.</summary>
internal unsafe struct ConvolutionScratch<T> where T : unmanaged
{
    /// <summary>s from K − 1 rows before the tile to K − 1 rows after it, zeros outside of the document [m + 2(K − 1), lanes].</summary>
    public T* Inputs;

    /// <summary>The gradient of the sum before silu, in the tile and K − 1 rows after it, zeros outside of the document [m + K − 1, lanes].</summary>
    public T* Sums;
}
