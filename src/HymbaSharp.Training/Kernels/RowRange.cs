namespace HymbaSharp.Training.Kernels;

/// <summary>The rows of one document among the packed rows of a batch: <paramref name="Count"/> rows from row <paramref name="Start"/> on.</summary>
internal readonly record struct RowRange(int Start, int Count);
