using System.IO.Hashing;
using System.Runtime.InteropServices;
using HymbaSharp.Training.Data.Encoders;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data;

/// <summary>
/// Examples that were checked and counted, read and encoded again when they are asked for, so that the files may be larger than memory. Safe to use
/// from several threads. <see cref="ExampleSet"/> and <see cref="PreferenceSet"/> open one.
/// </summary>
public sealed class TrainingSet<T> where T : class
{
    private readonly ExampleIndex _index;
    private readonly IRecordEncoder<T> _encoder;
    private readonly IReadOnlyList<SourceRange> _sources;
    private readonly int? _maxTokens;
    private readonly int[]? _members; // positions in the index; null where it is all of it
    private CutRecord? _lastCut;

    internal TrainingSet(ExampleIndex index, IRecordEncoder<T> encoder, DataReport report, IReadOnlyList<SourceRange> sources, int? maxTokens, ulong fingerprint, int[]? members = null)
    {
        _index = index;
        _encoder = encoder;
        _sources = sources;
        _maxTokens = maxTokens;
        _members = members;
        Report = report;
        Fingerprint = fingerprint;
        long length = EpochOrder.Length(sources);
        EpochLength = length <= Array.MaxLength ? (int)length : throw new TrainingDataException($"An epoch of {length} examples; allowed: {Array.MaxLength}.");
    }

    /// <summary>What was read and what was left out; of a part, the report of the whole.</summary>
    public DataReport Report { get; }

    /// <summary>How many examples there are.</summary>
    public int Count => _members?.Length ?? _index.Count;

    /// <summary>How many examples an epoch passes: <see cref="Count"/>, unless sources are repeated.</summary>
    public int EpochLength { get; }

    /// <summary>A hash of all tokens, of what is learned of them, and of the split: equal data trains equally from where a run stopped.</summary>
    public ulong Fingerprint { get; }

    /// <summary>An example, in the order of the sources and files.</summary>
    /// <exception cref="TrainingDataException">The file can't be read, or has changed since it was checked.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such example.</exception>
    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int position = _members?[index] ?? index;
            return Cut(Read(position), position);
        }
    }

    /// <summary>The indices of an epoch's examples in the order they are passed: from the seed and the epoch alone, the same on every machine.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="seed">Of the shuffling.</param>
    public int[] Order(int epoch, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        return EpochOrder.Create(_sources, epoch, seed);
    }

    /// <summary>An epoch's examples in their order.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="seed">Of the shuffling.</param>
    /// <param name="start">How many of them a run has passed before.</param>
    public IEnumerable<T> Epoch(int epoch, ulong seed, int start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, EpochLength);
        return Order(epoch, seed).Skip(start).Select(index => this[index]);
    }

    /// <summary>Two parts that share no record: what a text was cut into stays together.</summary>
    /// <param name="heldOut">Which share of the records is held out: above 0, below 1; at least one record, and not all.</param>
    /// <param name="seed">Of the choice, which depends on nothing else.</param>
    /// <exception cref="TrainingDataException">The share is out of its range, or there is only one record.</exception>
    public (TrainingSet<T> Training, TrainingSet<T> HeldOut) Split(double heldOut, ulong seed)
    {
        if (!(heldOut is > 0 and < 1))
            throw new TrainingDataException($"A share of {heldOut} is to be held out; allowed: above 0, below 1.");
        int[] records = new int[Count];
        int count = 0;
        for (int i = 0; i < Count; i++)
            records[i] = _index.ContinuesRecord(_members?[i] ?? i) ? count - 1 : count++;
        if (count < 2)
            throw new TrainingDataException("There is only one record, which can't be parted into training and held-out data.");
        bool[] isHeldOut = EpochOrder.ChooseHeldOut(count, Math.Clamp((int)Math.Round(heldOut * count), 1, count - 1), seed);
        return (Part(i => !isHeldOut[records[i]]), Part(i => isHeldOut[records[i]]));
    }

    private TrainingSet<T> Part(Func<int, bool> belongs)
    {
        List<int> members = [];
        List<SourceRange> sources = [];
        foreach (SourceRange source in _sources)
        {
            int first = members.Count;
            for (int i = source.First; i < source.First + source.Count; i++)
            {
                if (belongs(i))
                    members.Add(_members?[i] ?? i);
            }
            sources.Add(source with { First = first, Count = members.Count - first });
        }
        int[] positions = [.. members];
        ulong fingerprint = XxHash64.HashToUInt64(MemoryMarshal.AsBytes<int>(positions), (long)Fingerprint);
        return new TrainingSet<T>(_index, _encoder, Report, sources, _maxTokens, fingerprint, positions);
    }

    private T Cut(T whole, int position)
    {
        int first = _index[position].FirstToken;
        if (first == 0 && (_maxTokens is null || _encoder.Sequences(whole).All(sequence => sequence.Tokens.Length <= _maxTokens)))
            return whole;
        // A text is often asked for piece by piece.
        ExampleIndex.Entry entry = _index[position];
        _lastCut = new CutRecord(_index.File(position), entry.Offset, whole);
        return (_encoder.Sequences(whole).All(sequence => first < sequence.Tokens.Length) ? _encoder.Cut(whole, first, _maxTokens!.Value) : null) ?? throw Changed(position);
    }

    private T Read(int position)
    {
        ExampleIndex.Entry entry = _index[position];
        RecordFile file = _index.File(position);
        if (_lastCut is { } last && last.Offset == entry.Offset && ReferenceEquals(last.File, file))
            return last.Whole;
        try
        {
            return _encoder.Encode(file.Read(entry.Offset, entry.Length), file.Format).Example;
        }
        catch (BadRecordException)
        {
            throw Changed(position);
        }
    }

    private TrainingDataException Changed(int position) =>
        new($"{_index.File(position).Path} has changed since it was checked: the record at byte {_index[position].Offset} is another.");

    /// <summary>The last record of which a piece was asked for, encoded whole.</summary>
    private sealed record CutRecord(RecordFile File, long Offset, T Whole);
}
