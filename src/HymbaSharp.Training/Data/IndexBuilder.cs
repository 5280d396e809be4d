using System.IO.Hashing;
using System.Runtime.InteropServices;
using HymbaSharp.Training.Data.Encoders;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data;

/// <summary>
/// The first pass over the data: reads and encodes every record, so that whatever is wrong is known before the first step, and keeps where each lies.
/// Records are encoded on all processors, a batch at a time; what is kept and reported doesn't depend on how many there are.
/// </summary>
internal sealed class IndexBuilder<T>(DataOptions options, IRecordEncoder<T> encoder, IProgress<double>? progress, CancellationToken cancellationToken) where T : class
{
    private const int BatchRecords = 1024;
    private const long BatchBytes = 8 << 20;

    private readonly ExampleIndex _index = new();
    private readonly ReportBuilder _report = new(options.ReportedPlaces);
    private readonly XxHash64 _hash = new();
    private readonly string _tooLong = $"longer than {options.MaxTokens} tokens";
    private bool _isRefused;

    /// <exception cref="TrainingDataException">A file can't be read, the options refuse a record, or nothing is left to train on.</exception>
    public TrainingSet<T> Build()
    {
        RecordFile[][] files = [.. options.Sources.Select(source => source.Paths.Select(path => RecordFile.Open(path, source.Format, encoder.Formats)).ToArray())];
        long bytes = Math.Max(1, files.Sum(source => source.Sum(file => file.Bytes))), bytesBefore = 0;
        List<SourceRange> sources = [];
        foreach ((int i, RecordFile[] source) in files.Index())
        {
            int first = _index.Count;
            foreach (RecordFile file in source)
            {
                _ = RecordFile.Guarded(file.Path, () => Read(file, at => progress?.Report((double)(bytesBefore + at) / bytes)));
                bytesBefore += file.Bytes;
            }
            sources.Add(new SourceRange(first, _index.Count - first, options.Sources[i].Repeat));
        }
        progress?.Report(1);

        DataReport report = _report.Build();
        if (_isRefused)
            throw new TrainingDataException($"{report.LeftOut} of {report.Records} records can't be trained on:\n{report.ProblemText}{Advice(report)}", report);
        if (report.Examples == 0)
            throw new TrainingDataException($"There is nothing to train on: {report.LeftOut} of {report.Records} records were left out.\n{report.ProblemText}", report);
        return new TrainingSet<T>(_index, encoder, report, sources, options.MaxTokens, BitConverter.ToUInt64(_hash.GetCurrentHash()));
    }

    private string Advice(DataReport report) => report.Problems.Any(problem => problem.Reason == _tooLong)
        ? "Longer ones can be cut or skipped, and bad ones skipped, if asked for.\n"
        : "They can be skipped if asked for.\n";

    private bool Read(RecordFile file, Action<long> reportAt)
    {
        _index.Add(file);
        int firstExample = _index.Count;
        long records = 0;
        List<RawRecord> batch = [];
        long batchBytes = 0;
        foreach (RawRecord record in file.Scan(options.DocumentSeparator))
        {
            batch.Add(record);
            batchBytes += record.Bytes?.Length ?? 0;
            if (batch.Count == BatchRecords || batchBytes >= BatchBytes)
                EndBatch();
        }
        EndBatch();
        if (records == 0)
            throw new TrainingDataException($"{file.Path} is empty: it holds {(file.Format == DataFormat.LmFlow ? "no instance" : "nothing but white space")}.");
        _report.Add(new DataFile(file.Path, file.Format, records, _index.Count - firstExample));
        return true;

        void EndBatch()
        {
            cancellationToken.ThrowIfCancellationRequested();
            Outcome[] outcomes = new Outcome[batch.Count];
            _ = Parallel.For(0, batch.Count, i => outcomes[i] = Encode(file, batch[i]));
            foreach ((RawRecord record, Outcome outcome) in batch.Zip(outcomes))
                Take(record, outcome, $"{file.Path}:{record.Line}");
            records += batch.Count;
            if (batch.Count > 0)
                reportAt(batch[^1].Offset + batch[^1].Length);
            batch.Clear();
            batchBytes = 0;
        }
    }

    private Outcome Encode(RecordFile file, RawRecord record)
    {
        try
        {
            return record.Bytes is { } bytes
                ? new Outcome { Encoded = encoder.Encode(bytes, file.Format) }
                : new Outcome { Bad = new BadRecordException(BadRecordException.TooManyBytes, $"{record.Length} bytes; allowed: {RawRecord.MaxBytes}") };
        }
        catch (BadRecordException bad)
        {
            return new Outcome { Bad = bad };
        }
        // Thrown again in the order of the file, so that the message doesn't depend on chance.
        catch (TrainingDataException fatal)
        {
            return new Outcome { Fatal = fatal };
        }
    }

    private void Take(RawRecord record, Outcome outcome, string place)
    {
        if (outcome.Fatal is { } fatal)
            throw new TrainingDataException($"{place}: {fatal.Message}", fatal);
        if (outcome.Bad is { } bad)
        {
            _report.AddProblem(bad.Reason, place, bad.Message);
            _isRefused |= options.BadLines == BadLines.Error;
            return;
        }
        foreach (string key in outcome.Encoded.UnreadKeys)
            _report.AddUnreadKey(key);
        int longest = encoder.Sequences(outcome.Encoded.Example).Max(sequence => sequence.Tokens.Length);
        if (longest <= (options.MaxTokens ?? int.MaxValue))
            Keep(record, outcome.Encoded.Example, 0);
        else
            TakeLong(record, outcome.Encoded, place, longest, options.MaxTokens!.Value);
    }

    private void TakeLong(RawRecord record, EncodedRecord<T> encoded, string place, int longest, int most)
    {
        switch (options.LongExamples)
        {
            case LongExamples.Truncate when encoder.Cut(encoded.Example, 0, most) is { } beginning:
                Keep(record, beginning, 0);
                _report.Truncated++;
                break;
            case LongExamples.Truncate:
                _report.AddProblem(BadRecordException.NothingLearned, place, $"nothing to learn, or no difference, in the first {most} of {longest} tokens");
                break;
            case LongExamples.Split when encoded.IsText:
                // The last token of each is the first of the next, so that each but the very first is learned once.
                for (int first = 0; first < longest - 1; first += most - 1)
                    Keep(record, encoder.Cut(encoded.Example, first, most)!, first);
                _report.Split++;
                break;
            default:
                _report.AddProblem(_tooLong, place, $"{longest} tokens");
                _isRefused |= options.LongExamples != LongExamples.Skip;
                break;
        }
    }

    private void Keep(RawRecord record, T example, int firstToken)
    {
        _index.Add(new ExampleIndex.Entry(record.Offset, record.Bytes!.Length, firstToken));
        foreach (TrainingExample sequence in encoder.Sequences(example))
        {
            _report.Tokens += sequence.Tokens.Length;
            _report.LearnedTokens += sequence.LearnedCount;
            _report.LongestTokens = Math.Max(_report.LongestTokens, sequence.Tokens.Length);
            _hash.Append(BitConverter.GetBytes(sequence.Tokens.Length));
            _hash.Append(MemoryMarshal.AsBytes<int>(sequence.Tokens));
            _hash.Append(MemoryMarshal.AsBytes<bool>(sequence.Learned));
        }
    }

    private struct Outcome
    {
        public EncodedRecord<T> Encoded;
        public BadRecordException? Bad;
        public TrainingDataException? Fatal;
    }
}
