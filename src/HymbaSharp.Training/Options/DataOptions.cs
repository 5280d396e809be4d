namespace HymbaSharp.Training.Options;

/// <summary>How data files are read.</summary>
internal enum DataFormat
{
    /// <summary>By the file's extension.</summary>
    Auto,

    /// <summary>Plain UTF-8 text.</summary>
    Text,

    /// <summary>A JSON object on each line.</summary>
    JsonLines,
}

/// <summary>What becomes of a document that is longer than a sequence may be.</summary>
internal enum OverLength
{
    /// <summary>Split for lm, skip for sft and dpo.</summary>
    Auto,

    /// <summary>Cut into several sequences.</summary>
    Split,

    /// <summary>Its beginning is taken.</summary>
    Truncate,

    /// <summary>Left out, and counted.</summary>
    Skip,

    /// <summary>The run ends with an error that names it.</summary>
    Refuse,
}

/// <summary>What is read, and how it becomes sequences: <c>[data]</c>.</summary>
internal sealed record DataOptions
{
    /// <summary>The files to train on. Required.</summary>
    public IReadOnlyList<string> TrainFiles { get; init; } = [];

    /// <summary>The files to evaluate on. Default: none.</summary>
    public IReadOnlyList<string> EvalFiles { get; init; } = [];

    /// <summary>How often each training file is drawn from, relative to the others: a number above 0 for each. Default empty: by size, every document once an epoch.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];

    /// <summary>How the files are read: auto, text or jsonl. Default: auto.</summary>
    public DataFormat Format { get; init; }

    /// <summary>The most tokens of a sequence, 2 to 2³⁰. Default 2048.</summary>
    public int MaxLength { get; init; } = 2048;

    /// <summary>What becomes of longer documents: auto, split, truncate, skip or refuse. Default: auto.</summary>
    public OverLength OverLength { get; init; }

    /// <summary>Leaves out records that cannot be read, and counts them; otherwise the first one ends the run. Default false.</summary>
    public bool SkipBad { get; init; }

    /// <summary>Draws the documents of an epoch in random order. Default true.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Lays several documents into one sequence, none of which sees another. Default true.</summary>
    public bool Pack { get; init; } = true;

    /// <summary>The text that separates documents within a text file. Default null: a file is one document.</summary>
    public string? DocumentSeparator { get; init; }

    /// <summary>What becomes of longer documents, <see cref="OverLength.Auto"/> decided.</summary>
    public OverLength OverLengthFor(Objective objective) =>
        OverLength != OverLength.Auto ? OverLength : objective == Objective.LanguageModel ? OverLength.Split : OverLength.Skip;
}
