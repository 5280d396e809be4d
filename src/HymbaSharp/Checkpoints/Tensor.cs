using System.Collections.Immutable;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// A tensor in a memory-mapped file: nothing is copied, and pages are read when touched. It keeps its file mapped, but a pointer taken
/// from it does not: hold the <see cref="SafetensorsFile"/> (or <see cref="Checkpoint"/>) for as long as pointers are used.
/// </summary>
public sealed unsafe class Tensor
{
    private readonly SafetensorsFile _file;
    private readonly TensorInfo _info;
    private readonly long _offset;

    internal Tensor(SafetensorsFile file, TensorInfo info, long offset)
    {
        _file = file;
        _info = info;
        _offset = offset;
    }

    /// <summary>The name in the file's header.</summary>
    public string Name => _info.Name;

    /// <summary>The type of the elements.</summary>
    public ElementType Type => _info.Type;

    /// <summary>The dimensions; row-major, the last one contiguous.</summary>
    public ImmutableArray<long> Shape => _info.Shape;

    /// <summary>Number of elements.</summary>
    public long ElementCount => _info.ElementCount;

    /// <summary>Number of bytes at <see cref="Data"/>.</summary>
    public long ByteLength => _info.ByteLength;

    /// <summary>The first element, read-only and little-endian. Its address may be odd: the format asks for no alignment of single tensors.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public byte* Data => _file.Data + _offset;

    /// <summary>The elements widened to float32, as a copy.</summary>
    /// <exception cref="CheckpointException">The type is none of F32, F16, BF16, or the elements exceed an array.</exception>
    public float[] ToSingles()
    {
        float[] values = new float[Length()];
        CopySingles(0, values);
        return values;
    }

    /// <summary>Widens the elements from <paramref name="first"/> on to float32, as many as <paramref name="values"/> holds.</summary>
    /// <exception cref="CheckpointException">The type is none of F32, F16, BF16.</exception>
    internal void CopySingles(long first, Span<float> values)
    {
        if (!Type.IsWeight())
            throw new CheckpointException($"{_file.Path}: {Name} is {Type.Name()}; F32, F16 or BF16 can be read as numbers.");
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, ElementCount - values.Length);
        const int Piece = 1 << 20;
        for (int start = 0; start < values.Length; start += Piece)
        {
            var piece = values.Slice(start, Math.Min(Piece, values.Length - start));
            ElementTypes.ToSingles(new ReadOnlySpan<byte>(Data + ((first + start) * Type.Size()), piece.Length * Type.Size()), Type, piece);
        }
    }

    /// <summary>The elements of an I64 tensor, as a copy.</summary>
    /// <exception cref="CheckpointException">The type is not I64, or the elements exceed an array.</exception>
    public long[] ToInt64s()
    {
        if (Type != ElementType.I64)
            throw new CheckpointException($"{_file.Path}: {Name} is {Type.Name()}; I64 can be read as integers.");
        long[] values = new long[Length()];
        fixed (long* destination = values)
            Buffer.MemoryCopy(Data, destination, ByteLength, ByteLength);
        return values;
    }

    private int Length() => ElementCount <= Array.MaxLength
        ? (int)ElementCount
        : throw new CheckpointException($"{_file.Path}: {Name} has {ElementCount} elements; an array has at most {Array.MaxLength}.");
}
