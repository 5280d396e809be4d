namespace HymbaSharp.Training.Data;

/// <summary>What becomes of an example longer than <see cref="DataOptions.MaxTokens"/>.</summary>
public enum LongExamples
{
    /// <summary>The data is refused; the error counts them.</summary>
    Error,

    /// <summary>Its beginning is kept. One that has nothing to learn there is left out and reported.</summary>
    Truncate,

    /// <summary>It is left out and reported.</summary>
    Skip,

    /// <summary>A text is cut into several examples, each beginning with the last token of the one before. Conversations and pairs are refused as by <see cref="Error"/>.</summary>
    Split,
}

/// <summary>What becomes of a line that can't be trained on.</summary>
public enum BadLines
{
    /// <summary>The data is refused; the error lists reasons and places.</summary>
    Error,

    /// <summary>It is left out and reported.</summary>
    Skip,
}

/// <summary>What is trained on.</summary>
public sealed record DataOptions
{
    /// <summary>Where the examples come from, one source or more.</summary>
    public required IReadOnlyList<DataSource> Sources { get; init; }

    /// <summary>The most tokens of an example, meta tokens not counted: 2 or more. Null (the default): no limit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>What becomes of longer examples. <see cref="LongExamples.Error"/> unless set.</summary>
    public LongExamples LongExamples { get; init; }

    /// <summary>What becomes of lines that can't be trained on. <see cref="BadLines.Error"/> unless set.</summary>
    public BadLines BadLines { get; init; }

    /// <summary>The line that parts the documents of a plain text file: one line, white space at its end not counted; "" is a blank line. Null (the default): a file is one document.</summary>
    public string? DocumentSeparator { get; init; }

    /// <summary>The token that the model is taught to end with, one at which generation stops. Null (the default): the tokenizer's EOS.</summary>
    public int? EndOfTextId { get; init; }

    /// <summary>How many places the report names for each reason: 1 or more; 10 unless set.</summary>
    public int ReportedPlaces { get; init; } = 10;

    /// <exception cref="TrainingDataException">A value lies outside its range.</exception>
    internal void Validate(int vocabularySize)
    {
        if (Sources.Count == 0)
            throw new TrainingDataException("No data: one file or more is needed.");
        foreach (DataSource source in Sources)
        {
            if (source.Paths.Count == 0)
                throw new TrainingDataException("A source of data has no files; one or more are needed.");
            if (!(source.Repeat is > 0 and <= 1000))
                throw new TrainingDataException($"{source.Paths[0]} is to be repeated {source.Repeat} times; allowed: above 0, at most 1000.");
        }
        if (MaxTokens < 2)
            throw new TrainingDataException($"Examples are to have at most {MaxTokens} tokens; allowed: 2 or more.");
        if (DocumentSeparator?.AsSpan().ContainsAny('\n', '\r') == true)
            throw new TrainingDataException("The line that parts documents holds a line break; it is one line.");
        if (EndOfTextId is { } id && (uint)id >= (uint)vocabularySize)
            throw new TrainingDataException($"The end of a text is to be token {id}; allowed: 0 to {vocabularySize - 1}.");
        if (ReportedPlaces < 1)
            throw new TrainingDataException($"The report is to name {ReportedPlaces} places; allowed: 1 or more.");
    }
}
