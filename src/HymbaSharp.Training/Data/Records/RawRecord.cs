namespace HymbaSharp.Training.Data.Records;

/// <summary>A line, an instance or a document, where it lies in its file.</summary>
/// <param name="Offset">Of its first byte.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="Bytes">Its bytes; null where there are more than <see cref="MaxBytes"/>.</param>
internal readonly record struct RawRecord(long Offset, long Length, long Line, byte[]? Bytes)
{
    /// <summary>Far above any example that fits a context.</summary>
    public const int MaxBytes = 256 << 20;
}
