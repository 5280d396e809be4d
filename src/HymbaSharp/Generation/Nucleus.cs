namespace HymbaSharp.Generation;

/// <summary>
/// Finds the nucleus of a distribution: the fewest largest weights (equals by ascending index) that reach a mass. A quickselect that
/// follows the mass, so linear in the expected case however flat the distribution is.
/// </summary>
internal sealed class Nucleus(int capacity)
{
    private readonly Entry[] _entries = new Entry[capacity];

    /// <summary>
    /// The last element of the nucleus. An element belongs to it if its weight is larger, or equal with an index not above.
    /// </summary>
    /// <param name="weights">Not empty, at most as many as the capacity.</param>
    /// <param name="mass">The sum of the weights.</param>
    /// <param name="target">The mass to reach, below <paramref name="mass"/>.</param>
    public (double Weight, int Index) Last(ReadOnlySpan<double> weights, double mass, double target)
    {
        // Weights below their share of the excess cannot sum to it, so that the others reach the target.
        double negligible = (mass - target) / weights.Length;
        int high = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] >= negligible)
                _entries[high++] = new Entry(weights[i], i);
        }

        int low = 0;
        double reached = 0;
        while (true)
        {
            int pivot = Partition(_entries.AsSpan(low, high - low), out double above) + low;
            Entry last = _entries[pivot];
            if (pivot > low && reached + above >= target)
            {
                high = pivot;
                continue;
            }
            reached += above + last.Weight;
            low = pivot + 1;
            if (reached >= target || low == high)
                return (last.Weight, last.Index);
        }
    }

    /// <summary>Moves the entries that precede a pivot in front of it; returns where the pivot ends and the weight before it.</summary>
    private static int Partition(Span<Entry> entries, out double weightBefore)
    {
        int last = entries.Length - 1;
        int median = Median(entries, 0, entries.Length / 2, last);
        Entry pivot = entries[median];
        entries[median] = entries[last];
        weightBefore = 0;
        int before = 0;
        for (int i = 0; i < last; i++)
        {
            Entry entry = entries[i];
            if (!entry.Precedes(pivot))
                continue;
            weightBefore += entry.Weight;
            entries[i] = entries[before];
            entries[before++] = entry;
        }
        entries[last] = entries[before];
        entries[before] = pivot;
        return before;
    }

    private static int Median(ReadOnlySpan<Entry> entries, int a, int b, int c)
    {
        if (entries[b].Precedes(entries[a]))
            (a, b) = (b, a);
        if (!entries[c].Precedes(entries[b]))
            return b;
        return entries[c].Precedes(entries[a]) ? a : c;
    }

    private readonly record struct Entry(double Weight, int Index)
    {
        public bool Precedes(Entry other) => Weight > other.Weight || (Weight == other.Weight && Index < other.Index);
    }
}
