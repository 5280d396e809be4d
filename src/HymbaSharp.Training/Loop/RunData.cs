using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Options;
using DataOptions = HymbaSharp.Training.Data.DataOptions;
using FileFormat = HymbaSharp.Training.Data.DataFormat;
using TextFormat = HymbaSharp.Training.Options.DataFormat;

namespace HymbaSharp.Training.Loop;

/// <summary>The data of a run.</summary>
/// <param name="Training">What is trained on.</param>
/// <param name="HeldOut">What is evaluated; null where nothing is.</param>
internal sealed record RunData(StepSource Training, StepSource? HeldOut)
{
    /// <summary>Checks and counts the data; the log is told what was found.</summary>
    /// <exception cref="TrainingDataException">It can't be trained on.</exception>
    public static RunData Open(TrainingOptions options, StartingPoint start, Tokenizer tokenizer, ChatTemplate? template, RunLog log, CancellationToken cancellationToken)
    {
        int end = start.Config.EosTokenIds is [var id, ..] ? id : tokenizer.EosId ?? throw new TrainingException($"{start.Folder}: neither configuration nor tokenizer says which token ends a text.");
        StepSource Source(DataOptions data) => options.Run.Objective == Objective.DirectPreference
            ? StepSource.Of(PreferenceSet.Open(data, tokenizer, template, null, cancellationToken))
            : StepSource.Of(ExampleSet.Open(data, tokenizer, template, null, cancellationToken));

        StepSource training = Source(Options(options, options.Data.TrainFiles, options.Data.Weights, end));
        log.Say(training.Report.ToString());
        if (options.Data.EvalFiles.Count == 0)
            return new RunData(training, null);
        StepSource heldOut = Source(Options(options, options.Data.EvalFiles, [], end));
        log.Say($"Held out:\n{heldOut.Report}");
        return new RunData(training, heldOut);
    }

    /// <summary>Rows of the longest example, of both sequences of a pair.</summary>
    public long LongestRows(int metaTokens) => (Training.Report.LongestTokens + metaTokens) * (long)Training.Load(0).Sequences.Count;

    private static DataOptions Options(TrainingOptions options, IReadOnlyList<string> files, IReadOnlyList<double> weights, int end) => new()
    {
        Sources = [.. files.Select((file, i) => new DataSource
        {
            Paths = [file],
            Format = options.Data.Format == TextFormat.Text ? FileFormat.PlainText : null,
            Repeat = weights.Count > i ? weights[i] : 1,
        })],
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
