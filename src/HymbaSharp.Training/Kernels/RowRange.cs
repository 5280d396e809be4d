namespace HymbaSharp.Training.Kernels;

/// <summary>Rows that follow one another in a packed batch: one document's.</summary>
/// <param name="Start">The first row.</param>
/// <param name="Count">How many there are, 0 or more.</param>
internal readonly record struct RowRange(int Start, int Count)
{
    /// <summary>The row after the last.</summary>
    public int End => Start + Count;

    /// <summary>Throws unless the documents follow one another without a gap from row 0 to the last of <paramref name="rows"/>.</summary>
    /// <exception cref="ArgumentException">They leave a row out, overlap or reach beyond the end.</exception>
    public static void RequireCover(ReadOnlySpan<RowRange> documents, int rows)
    {
        int end = 0;
        for (int i = 0; i < documents.Length; i++)
        {
            if (documents[i].Start != end || documents[i].Count < 0 || documents[i].Count > rows - end)
                throw new ArgumentException($"Document {i} has {documents[i].Count} rows from {documents[i].Start} on; it must start at row {end} and end by row {rows}.");
            end += documents[i].Count;
        }
        if (end != rows)
            throw new ArgumentException($"The documents end at row {end}; they must cover all {rows} rows.");
    }
}
