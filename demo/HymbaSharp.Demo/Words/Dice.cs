namespace HymbaSharp.Demo.Words;

/// <summary>
/// The random choices of one document: SplitMix64 (Steele, Lea and Flood 2014), whole numbers only, so that a seed gives the same bytes on every machine.
/// Each document has its own, made from seed, stream and index: how many others there are makes no difference to it.
/// </summary>
internal sealed class Dice
{
    private ulong _state;

    public Dice(ulong seed, string stream, int index) => _state = Mix(Mix(seed) ^ Fingerprint(stream)) + ((ulong)index * 0xD1342543DE82EF95);

    /// <summary>FNV-1a of a text's UTF-16 units.</summary>
    public static ulong Fingerprint(ReadOnlySpan<char> text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in text)
            hash = (hash ^ c) * 0x100000001B3;
        return Mix(hash);
    }

    /// <summary>0 … <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);

    /// <summary>Both ends included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>True in so many of a hundred cases.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>An index, each as probable as its weight.</summary>
    public int Weighted(params ReadOnlySpan<int> weights)
    {
        int total = 0;
        foreach (int weight in weights)
            total += weight;
        int rest = Below(total), i = 0;
        while (rest >= weights[i])
            rest -= weights[i++];
        return i;
    }

    /// <summary>So many different items, in random order.</summary>
    public T[] Sample<T>(IReadOnlyList<T> items, int count)
    {
        T[] all = [.. items];
        Shuffle(all);
        return all[..Math.Min(count, all.Length)];
    }

    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
