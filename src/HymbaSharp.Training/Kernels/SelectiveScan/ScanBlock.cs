namespace HymbaSharp.Training.Kernels;

/// <summary>A scan of <see cref="Lanes"/> neighbouring channels: one vector of them, or a single one in the scalar twin.</summary>
internal unsafe interface IScanBlock<T> where T : unmanaged
{
    /// <summary>Channels of a block.</summary>
    static abstract int Lanes { get; }

    /// <summary>Runs through the chunk's rows and writes y.</summary>
    /// <param name="operands">All of them.</param>
    /// <param name="chunk">Its rows.</param>
    /// <param name="channel">The block's first channel.</param>
    /// <param name="rates">A of the block [N, lanes].</param>
    /// <param name="state">h before the chunk [N, lanes]; left holding h after it.</param>
    static abstract void Forward(in ScanOperands<T> operands, RowRange chunk, int channel, T* rates, T* state);

    /// <summary>
    /// Recomputes the chunk's states and runs through its rows backwards. Writes the gradients of Δ, c and the gate, adds those of the bias
    /// of Δ and D to what is there and those of A, B and C to the scratch memory's.
    /// </summary>
    /// <param name="operands">All of them.</param>
    /// <param name="gradients">All of them.</param>
    /// <param name="chunk">Its rows.</param>
    /// <param name="before">h before the chunk [N] at the block's first channel, a row every <c>States.Stride</c>; null for zeros.</param>
    /// <param name="channel">The block's first channel.</param>
    /// <param name="scratch">The block's memory.</param>
    static abstract void Backward(in ScanOperands<T> operands, in ScanGradients<T> gradients, RowRange chunk, T* before, int channel, in ScanScratch<T> scratch);

    /// <summary>sums[i] = Σ over the lanes of vectors [count, lanes]; with <paramref name="accumulate"/> it is added.</summary>
    static abstract void SumLanes(T* vectors, T* sums, int count, bool accumulate);
}

/// <summary>Where a block keeps what the backward pass over one chunk needs. All of it stays in the second-level cache.</summary>
internal unsafe struct ScanScratch<T> where T : unmanaged
{
    /// <summary>A of the block [N, lanes].</summary>
    public T* Rates;

    /// <summary>What reaches h after the chunk from later rows [N, lanes]; left holding what reaches h before the chunk.</summary>
    public T* Carry;

    /// <summary>The gradient of A over the chunks so far [N, lanes].</summary>
    public T* RateGradient;

    /// <summary>The gradient of A in this chunk [N, lanes]: summed apart, so that rounding grows with chunks and not with rows.</summary>
    public T* ChunkRateGradient;

    /// <summary>h before the chunk and after each of its rows [rows + 1, N, lanes].</summary>
    public T* States;

    /// <summary>exp(Δ⊗A) of each row [rows, N, lanes].</summary>
    public T* Decays;

    /// <summary>Δ of each row [rows, lanes].</summary>
    public T* Deltas;

    /// <summary>The gradient of B, a share for each lane [rows, N, lanes].</summary>
    public T* InputB;

    /// <summary>The gradient of C, a share for each lane [rows, N, lanes].</summary>
    public T* OutputC;
}
