using HymbaSharp.Training.Objectives;

namespace HymbaSharp.Training.Loop;

/// <summary>
/// Cuts the stream of examples into steps of a number of tokens, and steps into parts that are computed at once. Where it stands is an epoch and a position
/// in it, from which it goes on alike.
/// </summary>
/// <param name="source">Where the examples come from.</param>
/// <param name="seed">Of the order; null: the order of the data.</param>
/// <param name="batchTokens">Tokens of a step: examples are added until there are as many.</param>
internal sealed class StepBatches(StepSource source, ulong? seed, int batchTokens)
{
    private int[]? _order;

    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; private set; }

    /// <summary>Examples of it that are used up.</summary>
    public long Position { get; private set; }

    /// <summary>Epochs passed, with the fraction of the one under way.</summary>
    public double Epochs => Epoch + ((double)Position / source.EpochLength);

    /// <summary>Goes to where a run stopped.</summary>
    public void MoveTo(int epoch, long position)
    {
        (Epoch, Position) = (epoch, position);
        _order = null;
    }

    /// <summary>The examples of the next step.</summary>
    public List<StepItem> Next()
    {
        List<StepItem> items = [];
        for (int tokens = 0; tokens < batchTokens; tokens += items[^1].Tokens)
        {
            if (Position == source.EpochLength)
                MoveTo(Epoch + 1, 0);
            _order ??= seed is { } shuffled ? source.Order(Epoch, shuffled) : [.. source.Order(0, 0).Order()];
            items.Add(source.Load(_order[Position++]));
        }
        return items;
    }

    /// <summary>The same examples in parts of at most so many rows, a longer one by itself.</summary>
    /// <param name="items">The examples.</param>
    /// <param name="rows">The most rows of a part, meta tokens included.</param>
    /// <param name="metaTokens">M, before every sequence.</param>
    /// <param name="packs">Whether a part may hold several examples.</param>
    public static IEnumerable<IReadOnlyList<StepItem>> Parts(IEnumerable<StepItem> items, int rows, int metaTokens, bool packs = true)
    {
        List<StepItem> part = [];
        int filled = 0;
        foreach (StepItem item in items)
        {
            int needed = item.Tokens + (metaTokens * item.Sequences.Count);
            if (part.Count > 0 && (!packs || filled + needed > rows))
            {
                yield return part;
                part = [];
                filled = 0;
            }
            part.Add(item);
            filled += needed;
        }
        if (part.Count > 0)
            yield return part;
    }
}
