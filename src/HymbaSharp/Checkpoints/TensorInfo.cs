using System.Collections.Immutable;

namespace HymbaSharp.Checkpoints;

/// <summary>A tensor's description in a checkpoint.</summary>
public sealed class TensorInfo
{
    /// <summary>Describes a tensor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative.</exception>
    /// <exception cref="OverflowException">The shape has more bytes than a long can count.</exception>
    public TensorInfo(string name, ElementType type, ImmutableArray<long> shape)
    {
        foreach (long size in shape)
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
        Name = name;
        Type = type;
        Shape = shape;
        ElementCount = shape.Aggregate(1L, (product, size) => checked(product * size));
        ByteLength = checked(ElementCount * type.Size());
    }

    /// <summary>The name in the file's header.</summary>
    public string Name { get; }

    /// <summary>The type of the elements.</summary>
    public ElementType Type { get; }

    /// <summary>The dimensions; row-major, the last one contiguous. Empty for a single value.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Number of elements.</summary>
    public long ElementCount { get; }

    /// <summary>Number of bytes.</summary>
    public long ByteLength { get; }

    internal static string Describe(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
