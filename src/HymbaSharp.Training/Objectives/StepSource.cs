using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Objectives;

/// <summary>An example as a step uses it: its number in the data, and its sequences, one or a pair.</summary>
internal sealed record StepItem(int Index, IReadOnlyList<TrainingExample> Sequences)
{
    /// <summary>Tokens of all sequences.</summary>
    public int Tokens => Sequences.Sum(sequence => sequence.Tokens.Length);
}

/// <summary>Where the examples of a run come from.</summary>
/// <param name="Count">Examples there are.</param>
/// <param name="EpochLength">Examples of an epoch.</param>
/// <param name="Fingerprint">A hash of the data.</param>
/// <param name="Report">What was read.</param>
/// <param name="Order">The examples of an epoch in their order, by epoch and seed.</param>
/// <param name="Load">Reads an example.</param>
internal sealed record StepSource(int Count, int EpochLength, ulong Fingerprint, DataReport Report, Func<int, ulong, int[]> Order, Func<int, StepItem> Load)
{
    /// <summary>Tokens of an epoch.</summary>
    public double TokensPerEpoch => (double)Report.Tokens / Math.Max(Report.Examples, 1) * EpochLength;

    /// <summary>All examples in the order of the data.</summary>
    public IEnumerable<StepItem> All => Enumerable.Range(0, Count).Select(Load);

    /// <summary>Conversations and texts.</summary>
    public static StepSource Of(TrainingSet<TrainingExample> data) =>
        new(data.Count, data.EpochLength, data.Fingerprint, data.Report, data.Order, index => new StepItem(index, [data[index]]));

    /// <summary>Pairs: the preferred sequence first.</summary>
    public static StepSource Of(TrainingSet<PreferencePair> data) => new(data.Count, data.EpochLength, data.Fingerprint, data.Report, data.Order, index =>
    {
        PreferencePair pair = data[index];
        return new StepItem(index, [pair.Chosen, pair.Rejected]);
    });
}
