namespace HymbaSharp.Training.Kernels;

/// <summary>The heads of an attention branch: query head h uses key/value head h / <see cref="Group"/>.</summary>
internal readonly record struct AttentionHeads
{
    /// <param name="queryHeads">Hq, a multiple of Hkv.</param>
    /// <param name="keyValueHeads">Hkv.</param>
    /// <param name="keySize">Dk.</param>
    /// <param name="valueSize">Dv.</param>
    public AttentionHeads(int queryHeads, int keyValueHeads, int keySize, int valueSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(queryHeads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keyValueHeads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(valueSize);
        if (queryHeads % keyValueHeads != 0)
            throw new ArgumentException($"{queryHeads} query heads cannot share {keyValueHeads} key/value heads evenly.", nameof(queryHeads));
        QueryHeads = queryHeads;
        KeyValueHeads = keyValueHeads;
        KeySize = keySize;
        ValueSize = valueSize;
    }

    /// <summary>Hq.</summary>
    public int QueryHeads { get; }

    /// <summary>Hkv.</summary>
    public int KeyValueHeads { get; }

    /// <summary>Dk.</summary>
    public int KeySize { get; }

    /// <summary>Dv.</summary>
    public int ValueSize { get; }

    /// <summary>Query heads of a key/value head.</summary>
    public int Group => QueryHeads / KeyValueHeads;
}
