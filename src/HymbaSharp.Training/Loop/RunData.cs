using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Twin;
using DataOptions = HymbaSharp.Training.Data.DataOptions;

namespace HymbaSharp.Training.Loop;

/// <summary>The data of a run: examples, or pairs.</summary>
internal sealed class RunData
{
    private readonly TrainingSet<TrainingExample>? _examples, _heldOutExamples;
    private readonly TrainingSet<PreferencePair>? _pairs, _heldOutPairs;

    private RunData(TrainingSet<TrainingExample>? examples, TrainingSet<TrainingExample>? heldOutExamples, TrainingSet<PreferencePair>? pairs, TrainingSet<PreferencePair>? heldOutPairs) =>
        (_examples, _heldOutExamples, _pairs, _heldOutPairs) = (examples, heldOutExamples, pairs, heldOutPairs);

    /// <summary>Tokens of an epoch.</summary>
    public double TokensPerEpoch => (double)Report.Tokens / Math.Max(Report.Examples, 1) * (_examples?.EpochLength ?? _pairs!.EpochLength);

    private DataReport Report => _examples?.Report ?? _pairs!.Report;

    /// <summary>Checks and counts the data; the log is told what was found.</summary>
    /// <exception cref="TrainingDataException">It can't be trained on.</exception>
    public static RunData Open(TrainingOptions options, StartingPoint start, Tokenizer tokenizer, ChatTemplate? template, RunLog log, CancellationToken cancellationToken)
    {
        int end = start.Config.EosTokenIds is [var id, ..] ? id : tokenizer.EosId ?? throw new TrainingException($"{start.Folder}: neither configuration nor tokenizer says which token ends a text.");
        DataOptions training = Options(options, options.Data.TrainFiles, options.Data.Weights, end), evaluation = Options(options, options.Data.EvalFiles, [], end);
        bool evaluates = options.Data.EvalFiles.Count > 0;
        RunData data = options.Run.Objective == Objective.DirectPreference
            ? new(
                null, null,
                PreferenceSet.Open(training, tokenizer, template, null, cancellationToken),
                evaluates ? PreferenceSet.Open(evaluation, tokenizer, template, null, cancellationToken) : null)
            : new(
                ExampleSet.Open(training, tokenizer, template, null, cancellationToken),
                evaluates ? ExampleSet.Open(evaluation, tokenizer, template, null, cancellationToken) : null,
                null, null);
        log.Say(data.Report.ToString());
        if ((data._heldOutExamples?.Report ?? data._heldOutPairs?.Report) is { } heldOut)
            log.Say($"Held out:\n{heldOut}");
        return data;
    }

    /// <summary>Rows of the longest example, of both sequences of a pair.</summary>
    public long LongestRows(int metaTokens) => (Report.LongestTokens + metaTokens) * (_pairs is null ? 1L : 2L);

    /// <summary>What is trained on the data, and what is evaluated.</summary>
    public (TrainingObjective Training, TrainingObjective? Evaluation) Objectives(DpoOptions options, HymbaTwin? reference)
    {
        if (_examples is not null)
            return (new NextTokenObjective(_examples), _heldOutExamples is null ? null : new NextTokenObjective(_heldOutExamples));
        PreferenceLoss loss = new(options.Beta, options.LabelSmoothing);
        return (new PreferenceObjective(_pairs!, loss, reference!), _heldOutPairs is null ? null : new PreferenceObjective(_heldOutPairs, loss, reference!));
    }

    private static DataOptions Options(TrainingOptions options, IReadOnlyList<string> files, IReadOnlyList<double> weights, int end) => new()
    {
        Sources = [.. files.Select((file, i) => new DataSource { Paths = [file], Repeat = weights.Count > i ? weights[i] : 1 })],
        MaxTokens = options.Data.MaxLength,
        LongExamples = options.Data.OverLengthFor(options.Run.Objective) switch
        {
            OverLength.Split => LongExamples.Split,
            OverLength.Truncate => LongExamples.Truncate,
            OverLength.Skip => LongExamples.Skip,
            _ => LongExamples.Error,
        },
        BadLines = options.Data.SkipBad ? BadLines.Skip : BadLines.Error,
        DocumentSeparator = options.Data.DocumentSeparator,
        EndOfTextId = end,
    };
}
