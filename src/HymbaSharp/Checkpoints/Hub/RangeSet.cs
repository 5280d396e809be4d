namespace HymbaSharp.Checkpoints.Hub;

/// <summary>Bytes Start to End, End excluded.</summary>
internal readonly record struct ByteRange(long Start, long End)
{
    public long Length => End - Start;
}

/// <summary>A set of bytes, kept as few ranges: sorted, apart from each other.</summary>
internal sealed class RangeSet
{
    private readonly List<ByteRange> _ranges = [];

    public IReadOnlyList<ByteRange> Ranges => _ranges;

    /// <summary>How many bytes the set holds.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a range and returns how many of its bytes are new.</summary>
    public long Add(ByteRange added)
    {
        if (added.Length <= 0)
            return 0;
        int first = 0;
        while (first < _ranges.Count && _ranges[first].End < added.Start)
            first++;
        int end = first;
        long start = added.Start, stop = added.End, covered = 0;
        for (; end < _ranges.Count && _ranges[end].Start <= added.End; end++)
        {
            covered += _ranges[end].Length;
            start = Math.Min(start, _ranges[end].Start);
            stop = Math.Max(stop, _ranges[end].End);
        }
        _ranges.RemoveRange(first, end - first);
        _ranges.Insert(first, new(start, stop));
        long gained = stop - start - covered;
        Count += gained;
        return gained;
    }

    /// <summary>What is missing of the bytes 0 to <paramref name="length"/>.</summary>
    public IEnumerable<ByteRange> Missing(long length)
    {
        long position = 0;
        foreach (ByteRange range in _ranges)
        {
            if (position >= length)
                yield break;
            if (range.Start > position)
                yield return new(position, Math.Min(range.Start, length));
            position = range.End;
        }
        if (position < length)
            yield return new(position, length);
    }
}
