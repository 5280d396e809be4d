namespace HymbaSharp.Training.Data;

/// <summary>Files that are drawn from equally often.</summary>
public sealed record DataSource
{
    /// <summary>The files, one or more.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>How they are written. Null (the default): found out from each file's extension and content.</summary>
    public DataFormat? Format { get; init; }

    /// <summary>
    /// How often an epoch passes each example: above 0, at most 1000; 1 unless set. With 2.5 it passes all twice and half of them once more;
    /// the half changes from epoch to epoch so that all get their turn.
    /// </summary>
    public double Repeat { get; init; } = 1;
}
