using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>Makes an example of a record. Safe to use from several threads.</summary>
internal interface IRecordEncoder<T>
{
    /// <summary>The formats it reads, the preferred first.</summary>
    IReadOnlyList<DataFormat> Formats { get; }

    /// <exception cref="BadRecordException">The record can't be trained on.</exception>
    /// <exception cref="TrainingDataException">No record of its kind can.</exception>
    EncodedRecord<T> Encode(ReadOnlySpan<byte> record, DataFormat format);

    /// <summary>The example's sequences.</summary>
    IReadOnlyList<TrainingExample> Sequences(T example);

    /// <summary>Up to <paramref name="count"/> tokens of each sequence from <paramref name="first"/> on; null where nothing would be learned from them.</summary>
    T? Cut(T example, int first, int count);
}

/// <summary>An example and what its record holds besides.</summary>
/// <param name="Example">The example.</param>
/// <param name="IsText">Whether it is a text, which may be cut into several.</param>
/// <param name="UnreadKeys">Keys at the record's top that nothing is made of.</param>
internal readonly record struct EncodedRecord<T>(T Example, bool IsText, IReadOnlyList<string> UnreadKeys);
