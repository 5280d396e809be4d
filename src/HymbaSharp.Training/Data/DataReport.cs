using System.Text;

namespace HymbaSharp.Training.Data;

/// <summary>A file that was read.</summary>
/// <param name="Path">The file.</param>
/// <param name="Format">How it is written.</param>
/// <param name="Records">Lines, instances or documents in it, blank lines not counted.</param>
/// <param name="Examples">What became of them.</param>
public sealed record DataFile(string Path, DataFormat Format, long Records, long Examples);

/// <summary>Records that were left out, or would have to be, for one reason.</summary>
/// <param name="Reason">What is wrong with them.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Places">The first of them as "file:line: what exactly".</param>
public sealed record DataProblem(string Reason, long Count, IReadOnlyList<string> Places);

/// <summary>What a set of training data holds and what was left out of it. <see cref="ToString"/> is for reading.</summary>
public sealed record DataReport
{
    /// <summary>The files, in the order given.</summary>
    public required IReadOnlyList<DataFile> Files { get; init; }

    /// <summary>What was left out, in the order it was met.</summary>
    public required IReadOnlyList<DataProblem> Problems { get; init; }

    /// <summary>Keys at the top of records that are not read, and how many records have them.</summary>
    public required IReadOnlyDictionary<string, long> UnreadKeys { get; init; }

    /// <summary>Lines, instances and documents, blank lines not counted.</summary>
    public long Records => Files.Sum(file => file.Records);

    /// <summary>Examples to train on.</summary>
    public long Examples => Files.Sum(file => file.Examples);

    /// <summary>Records that were left out.</summary>
    public long LeftOut => Problems.Sum(problem => problem.Count);

    /// <summary>Tokens of all examples; both sequences of a pair count.</summary>
    public required long Tokens { get; init; }

    /// <summary>Those of them that the loss counts.</summary>
    public required long LearnedTokens { get; init; }

    /// <summary>Tokens of the longest sequence.</summary>
    public required int LongestTokens { get; init; }

    /// <summary>Records of which only the beginning is used.</summary>
    public required long Truncated { get; init; }

    /// <summary>Texts that were cut into several examples.</summary>
    public required long Split { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        _ = text.Append($"{Examples} examples of {Records} read: {Tokens} tokens, {LearnedTokens} of them learned; the longest has {LongestTokens}.\n");
        foreach (DataFile file in Files)
            _ = text.Append($"  {file.Path} ({file.Format}): {file.Examples} examples of {file.Records}\n");
        if (Truncated > 0)
            _ = text.Append($"Cut to their beginning: {Truncated}.\n");
        if (Split > 0)
            _ = text.Append($"Texts cut into several examples: {Split}.\n");
        if (LeftOut > 0)
            _ = text.Append($"Left out: {LeftOut}.\n").Append(ProblemText);
        if (UnreadKeys.Count > 0)
            _ = text.Append($"Keys that are not read: {string.Join(", ", UnreadKeys.Select(key => $"{key.Key} ({key.Value})"))}.\n");
        return text.ToString();
    }

    /// <summary>The problems, a line for each reason and for each place.</summary>
    internal string ProblemText
    {
        get
        {
            StringBuilder text = new();
            foreach (DataProblem problem in Problems)
            {
                _ = text.Append($"  {problem.Reason}: {problem.Count}\n");
                foreach (string place in problem.Places)
                    _ = text.Append($"    {place}\n");
                if (problem.Count > problem.Places.Count)
                    _ = text.Append($"    and {problem.Count - problem.Places.Count} more\n");
            }
            return text.ToString();
        }
    }
}
