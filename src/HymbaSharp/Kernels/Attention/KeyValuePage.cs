namespace HymbaSharp.Kernels;

/// <summary>
/// How keys and values lie in a page of <see cref="Rows"/> positions. Keys are transposed, [head][Dk][position], so that scores of
/// neighbouring positions are neighbouring lanes; values are [head][position][Dv], their width padded to whole vectors. Both are then the
/// right-hand side of a register tile as they lie.
/// </summary>
internal readonly struct KeyValuePage
{
    /// <summary>Positions in a page.</summary>
    public const int Rows = 64;

    private const int ValueUnit = NativeBuffer.Alignment / sizeof(float);

    public KeyValuePage(int heads, int keySize, int valueSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(valueSize);
        Heads = heads;
        KeySize = keySize;
        ValueSize = valueSize;
        ValueStride = (valueSize + ValueUnit - 1) / ValueUnit * ValueUnit;
    }

    /// <summary>Hkv.</summary>
    public int Heads { get; }

    /// <summary>Dk.</summary>
    public int KeySize { get; }

    /// <summary>Dv.</summary>
    public int ValueSize { get; }

    /// <summary>Floats from a position's values to the next position's.</summary>
    public int ValueStride { get; }

    /// <summary>Floats of a page.</summary>
    public int Floats => Heads * Rows * (KeySize + ValueStride);

    /// <summary>Where the keys of a head begin in a page.</summary>
    public int KeyOffset(int head) => head * KeySize * Rows;

    /// <summary>Where the values of a head begin in a page.</summary>
    public int ValueOffset(int head) => (Heads * KeySize * Rows) + (head * Rows * ValueStride);

    /// <summary>Writes one position's keys and values, [Hkv · Dk] and [Hkv · Dv], into row <paramref name="row"/> of a page.</summary>
    public unsafe void Write(float* page, int row, ReadOnlySpan<float> keys, ReadOnlySpan<float> values)
    {
        Check(row, keys.Length, values.Length);
        for (int head = 0; head < Heads; head++)
        {
            float* column = page + KeyOffset(head) + row;
            ReadOnlySpan<float> key = keys.Slice(head * KeySize, KeySize);
            for (int d = 0; d < KeySize; d++)
                column[d * Rows] = key[d];
            values.Slice(head * ValueSize, ValueSize).CopyTo(new Span<float>(page + ValueOffset(head) + (row * ValueStride), ValueSize));
        }
    }

    /// <summary>Reads one position's keys and values back.</summary>
    public unsafe void Read(float* page, int row, Span<float> keys, Span<float> values)
    {
        Check(row, keys.Length, values.Length);
        for (int head = 0; head < Heads; head++)
        {
            float* column = page + KeyOffset(head) + row;
            for (int d = 0; d < KeySize; d++)
                keys[(head * KeySize) + d] = column[d * Rows];
            new ReadOnlySpan<float>(page + ValueOffset(head) + (row * ValueStride), ValueSize).CopyTo(values.Slice(head * ValueSize, ValueSize));
        }
    }

    private void Check(int row, int keys, int values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        ArgumentOutOfRangeException.ThrowIfNotEqual(keys, Heads * KeySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values, Heads * ValueSize);
    }
}
