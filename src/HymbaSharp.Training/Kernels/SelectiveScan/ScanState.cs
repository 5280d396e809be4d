namespace HymbaSharp.Training.Kernels;

/// <summary>
/// How states and A, [N, I] in memory, are found and brought into the order of a part: block after block, each [N, lanes] without gaps,
/// then the channels that make no whole block, each [N].
/// </summary>
internal static unsafe class ScanState
{
    /// <summary>
    /// The place [N, I] of h before a chunk that isn't its document's first. Such chunks start at least <see cref="ScanKernel.ChunkRows"/> rows apart,
    /// so each has a place of its own and nobody needs to count them.
    /// </summary>
    public static MatrixOf<T> Before<T>(in ScanOperands<T> operands, RowRange chunk) where T : unmanaged
    {
        int states = operands.A.Rows;
        return new(operands.States[((chunk.Start / ScanKernel.ChunkRows) - 1) * states], states, operands.States.Columns, operands.States.Stride);
    }

    /// <summary>part = the channels' columns of <paramref name="matrix"/>.</summary>
    public static void Pack<T, K>(MatrixOf<T> matrix, ChannelRange channels, T* part) where T : unmanaged where K : IScanBlock<T>
    {
        for (int channel = channels.Start, lanes; channel < channels.End; channel += lanes, part += lanes * matrix.Rows)
        {
            lanes = channel + K.Lanes <= channels.End ? K.Lanes : 1;
            for (int n = 0; n < matrix.Rows; n++)
                new Span<T>(matrix[n] + channel, lanes).CopyTo(new Span<T>(part + (n * lanes), lanes));
        }
    }

    /// <summary>The other way.</summary>
    public static void Unpack<T, K>(T* part, MatrixOf<T> matrix, ChannelRange channels) where T : unmanaged where K : IScanBlock<T>
    {
        for (int channel = channels.Start, lanes; channel < channels.End; channel += lanes, part += lanes * matrix.Rows)
        {
            lanes = channel + K.Lanes <= channels.End ? K.Lanes : 1;
            for (int n = 0; n < matrix.Rows; n++)
                new Span<T>(part + (n * lanes), lanes).CopyTo(new Span<T>(matrix[n] + channel, lanes));
        }
    }
}
