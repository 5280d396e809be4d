using HymbaSharp.Generation;

namespace HymbaSharp.Training.Data;

/// <summary>
/// The order of an epoch, from seed and epoch alone and the same on every machine: each source's examples as often as it repeats, shuffled by
/// Fisher and Yates's method as Knuth gives it (The Art of Computer Programming, volume 2, 3.4.2, algorithm P).
/// </summary>
internal static class EpochOrder
{
    private const ulong WithinEpoch = 0, ShareOfSource = 1, HeldOut = 2;

    /// <summary>Examples that an epoch passes.</summary>
    public static long Length(IReadOnlyList<SourceRange> sources) => sources.Sum(source => Whole(source) * source.Count + Share(source));

    /// <summary>The positions of the examples in the order they are passed.</summary>
    public static int[] Create(IReadOnlyList<SourceRange> sources, int epoch, ulong seed)
    {
        int[] order = new int[checked((int)Length(sources))];
        int filled = 0;
        foreach ((int number, SourceRange source) in sources.Index())
        {
            for (long round = 0; round < Whole(source); round++)
            {
                for (int i = 0; i < source.Count; i++)
                    order[filled++] = source.First + i;
            }
            int share = Share(source);
            if (share == 0)
                continue;
            // One order for all epochs, of which each takes the next share: all examples get their turn.
            int[] turns = Shuffled(source.Count, Mix(seed, 0, ShareOfSource + ((ulong)number << 8)));
            long start = (long)epoch * share % source.Count;
            for (int i = 0; i < share; i++)
                order[filled++] = source.First + turns[(int)((start + i) % source.Count)];
        }
        Shuffle(order, Mix(seed, epoch, WithinEpoch));
        return order;
    }

    /// <summary>Which of so many are held out, by their number; of the same seed and count always the same.</summary>
    public static bool[] ChooseHeldOut(int count, int heldOut, ulong seed)
    {
        bool[] isHeldOut = new bool[count];
        foreach (int chosen in Shuffled(count, Mix(seed, 0, HeldOut)).AsSpan(0, heldOut))
            isHeldOut[chosen] = true;
        return isHeldOut;
    }

    private static long Whole(SourceRange source) => (long)source.Repeat;

    private static int Share(SourceRange source)
    {
        double fraction = source.Repeat - Whole(source);
        int share = (int)Math.Round(fraction * source.Count);
        return share == 0 && fraction > 0 && Whole(source) == 0 && source.Count > 0 ? 1 : share;
    }

    private static int[] Shuffled(int count, ulong seed)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        Shuffle(order, seed);
        return order;
    }

    private static void Shuffle(Span<int> order, ulong seed)
    {
        Xoshiro256 random = new(seed);
        for (int i = order.Length - 1; i > 0; i--)
        {
            // The upper half of the product is uniform in 0 … i, but for 2⁻³³ at most.
            int j = (int)Math.BigMul(random.Next(), (ulong)i + 1, out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    private static ulong Mix(ulong seed, int epoch, ulong use)
    {
        ulong state = seed;
        state = Xoshiro256.SplitMix(ref state) + (ulong)epoch;
        state = Xoshiro256.SplitMix(ref state) + use;
        return Xoshiro256.SplitMix(ref state);
    }
}

/// <summary>The examples of one source, which follow each other.</summary>
/// <param name="First">The position of the first.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Repeat">How often an epoch passes each.</param>
internal readonly record struct SourceRange(int First, int Count, double Repeat);
