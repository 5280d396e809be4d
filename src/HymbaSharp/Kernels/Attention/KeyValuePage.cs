namespace HymbaSharp.Kernels;

/// <summary>What keys and values of past positions are kept in.</summary>
public enum KeyValueType
{
    /// <summary>float32: nothing is lost.</summary>
    F32,

    /// <summary>bfloat16: half the memory and half the reading; rounds each key and value by up to 2⁻⁹ of it.</summary>
    BF16,
}

/// <summary>
/// How keys and values lie in a page of <see cref="Rows"/> positions. Keys are transposed, [head][Dk][position], so that scores of
/// neighbouring positions are neighbouring lanes; values are [head][position][Dv], their width padded to whole vectors. Both are then the
/// right-hand side of a register tile as they lie, or, where they are kept in bfloat16, once a head's part is widened.
/// </summary>
internal readonly struct KeyValuePage
{
    /// <summary>Positions in a page.</summary>
    public const int Rows = 64;

    private const int ValueUnit = NativeBuffer.Alignment / sizeof(float);

    public KeyValuePage(int heads, int keySize, int valueSize, KeyValueType type = KeyValueType.F32)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(valueSize);
        Type = type;
        Heads = heads;
        KeySize = keySize;
        ValueSize = valueSize;
        ValueStride = (valueSize + ValueUnit - 1) / ValueUnit * ValueUnit;
    }

    /// <summary>What keys and values are kept in.</summary>
    public KeyValueType Type { get; }

    /// <summary>Hkv.</summary>
    public int Heads { get; }

    /// <summary>Dk.</summary>
    public int KeySize { get; }

    /// <summary>Dv.</summary>
    public int ValueSize { get; }

    /// <summary>Elements from a position's values to the next position's.</summary>
    public int ValueStride { get; }

    /// <summary>Elements of a page.</summary>
    public int Elements => Heads * Rows * (KeySize + ValueStride);

    /// <summary>Bytes of a page.</summary>
    public int Bytes => Elements * (Type == KeyValueType.BF16 ? sizeof(ushort) : sizeof(float));

    /// <summary>Where the keys of a head begin in a page, in elements.</summary>
    public int KeyOffset(int head) => head * KeySize * Rows;

    /// <summary>Where the values of a head begin in a page, in elements.</summary>
    public int ValueOffset(int head) => (Heads * KeySize * Rows) + (head * Rows * ValueStride);

    /// <summary>An element of a page.</summary>
    public unsafe float Load(void* page, nint element) =>
        Type == KeyValueType.BF16 ? StoredBFloat16.LoadOne((byte*)page + (element * sizeof(ushort))) : ((float*)page)[element];

    /// <summary>Writes one position's keys and values, [Hkv · Dk] and [Hkv · Dv], into row <paramref name="row"/> of a page.</summary>
    public unsafe void Write(void* page, int row, ReadOnlySpan<float> keys, ReadOnlySpan<float> values)
    {
        Check(row, keys.Length, values.Length);
        for (int head = 0; head < Heads; head++)
        {
            int key = KeyOffset(head) + row, value = ValueOffset(head) + (row * ValueStride);
            for (int d = 0; d < KeySize; d++)
                Store(page, key + (d * Rows), keys[(head * KeySize) + d]);
            for (int d = 0; d < ValueSize; d++)
                Store(page, value + d, values[(head * ValueSize) + d]);
        }
    }

    /// <summary>Reads one position's keys and values back.</summary>
    public unsafe void Read(void* page, int row, Span<float> keys, Span<float> values)
    {
        Check(row, keys.Length, values.Length);
        for (int head = 0; head < Heads; head++)
        {
            int key = KeyOffset(head) + row, value = ValueOffset(head) + (row * ValueStride);
            for (int d = 0; d < KeySize; d++)
                keys[(head * KeySize) + d] = Load(page, key + (d * Rows));
            for (int d = 0; d < ValueSize; d++)
                values[(head * ValueSize) + d] = Load(page, value + d);
        }
    }

    private unsafe void Store(void* page, nint element, float value)
    {
        if (Type == KeyValueType.BF16)
            ((ushort*)page)[element] = StoredBFloat16.Narrow(value);
        else
            ((float*)page)[element] = value;
    }

    private void Check(int row, int keys, int values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        ArgumentOutOfRangeException.ThrowIfNotEqual(keys, Heads * KeySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values, Heads * ValueSize);
    }
}
