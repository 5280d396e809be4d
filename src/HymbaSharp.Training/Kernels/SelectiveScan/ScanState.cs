namespace HymbaSharp.Training.Kernels;

/// <summary>How states and A, [N, I] in memory, are found and brought into the order of a block, [N, lanes] without gaps.</summary>
internal static unsafe class ScanState
{
    /// <summary>
    /// The first of the N rows that hold h before the chunk starting at <paramref name="row"/>. Chunks that aren't a document's first start at least
    /// <see cref="ScanKernel.ChunkRows"/> rows apart, so each has a slot of its own and nobody needs to count them.
    /// </summary>
    public static int FirstRow(int row, int states) => ((row / ScanKernel.ChunkRows) - 1) * states;

    /// <summary>block [N, lanes] = the columns of <paramref name="matrix"/> from <paramref name="channel"/> on.</summary>
    public static void Pack<T>(MatrixOf<T> matrix, int channel, int lanes, T* block) where T : unmanaged
    {
        for (int n = 0; n < matrix.Rows; n++)
            new Span<T>(matrix[n] + channel, lanes).CopyTo(new Span<T>(block + (n * lanes), lanes));
    }

    /// <summary>The other way.</summary>
    public static void Unpack<T>(T* block, MatrixOf<T> matrix, int channel, int lanes) where T : unmanaged
    {
        for (int n = 0; n < matrix.Rows; n++)
            new Span<T>(block + (n * lanes), lanes).CopyTo(new Span<T>(matrix[n] + channel, lanes));
    }
}
