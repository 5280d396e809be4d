using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data;

/// <summary>Where the examples lie: 16 bytes for each.</summary>
internal sealed class ExampleIndex
{
    private readonly List<Entry> _entries = [];
    private readonly List<RecordFile> _files = [];
    private readonly List<int> _fileStarts = []; // position of each file's first example

    public int Count => _entries.Count;

    public Entry this[int position] => _entries[position];

    /// <summary>The files in their order. What is added after belongs to the last.</summary>
    public void Add(RecordFile file)
    {
        _files.Add(file);
        _fileStarts.Add(Count);
    }

    /// <exception cref="TrainingDataException">There are more than an array can hold.</exception>
    public void Add(Entry entry)
    {
        if (Count == Array.MaxLength)
            throw new TrainingDataException($"More than {Array.MaxLength} examples; they are too many for one run.");
        _entries.Add(entry);
    }

    public RecordFile File(int position)
    {
        // Of several files that start here, all but the last hold no example.
        int found = _fileStarts.BinarySearch(position);
        if (found < 0)
            found = ~found - 1;
        while (found + 1 < _fileStarts.Count && _fileStarts[found + 1] == position)
            found++;
        return _files[found];
    }

    /// <summary>Whether the example is of the same record as the one before it.</summary>
    public bool ContinuesRecord(int position) => _entries[position].FirstToken > 0;

    /// <param name="Offset">Of the record in its file, in bytes.</param>
    /// <param name="Length">Of the record in bytes.</param>
    /// <param name="FirstToken">With which of the record's tokens the example begins; above 0 only where a text was cut.</param>
    public readonly record struct Entry(long Offset, int Length, int FirstToken);
}
