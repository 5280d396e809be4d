using HymbaSharp.Configuration;

namespace HymbaSharp.Cli.Inspection;

/// <summary>Draws a row for each layer: which positions the last token of a full context sees, and whose keys and values it uses.</summary>
internal static class LayerMap
{
    /// <summary>Cells of a bar.</summary>
    public const int Width = 40;

    /// <summary>The rows, top layer last.</summary>
    public static IEnumerable<LayerRow> Rows(HymbaConfig config)
    {
        ILookup<int, int> borrowers = Enumerable.Range(0, config.LayerCount).Where(layer => !config.OwnsKeyValues(layer)).ToLookup(layer => config.KeyValueOwners[layer]);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            (int meta, int unseen, int seen) = Cells(config, layer);
            int owner = config.KeyValueOwners[layer];
            yield return new LayerRow(layer, config.IsGlobal(layer), owner, meta, unseen, seen, Bracket(config, borrowers, layer));
        }
    }

    /// <summary>A bar's cells, to scale; what is there at all gets at least one.</summary>
    private static (int Meta, int Unseen, int Seen) Cells(HymbaConfig config, int layer)
    {
        int positions = config.MetaTokens + config.MaxPositions;
        int meta = config.MetaTokens == 0 ? 0 : Math.Clamp(Share(config.MetaTokens), 1, Width - 1);
        int seen = config.IsGlobal(layer) ? Width - meta : Math.Clamp(Share(Math.Min(config.SlidingWindow, config.MaxPositions - 1) + 1), 1, Width - meta);
        return (meta, Width - meta - seen, seen);

        int Share(int count) => (int)Math.Round((double)Width * count / positions);
    }

    private static string Bracket(HymbaConfig config, ILookup<int, int> borrowers, int layer)
    {
        int owner = config.KeyValueOwners[layer];
        string end = owner == layer ? "●" : "○";
        if (!borrowers.Contains(owner))
            // Others' brackets may pass by.
            return borrowers.Any(group => group.Key < layer && layer < group.Max()) ? $"{end} │" : end;
        return layer == owner ? $"{end}─┐" : layer == borrowers[owner].Max() ? $"{end}─┘" : $"{end}─┤";
    }
}

/// <summary>One row of the map.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="IsGlobal">Whether it sees every position.</param>
/// <param name="Owner">The layer whose keys and values it uses.</param>
/// <param name="MetaCells">Cells of the bar for the meta tokens.</param>
/// <param name="UnseenCells">Cells for positions it does not see.</param>
/// <param name="SeenCells">Cells for positions it sees.</param>
/// <param name="Bracket">● keys and values of its own, ○ borrowed, joined by lines.</param>
internal sealed record LayerRow(int Layer, bool IsGlobal, int Owner, int MetaCells, int UnseenCells, int SeenCells, string Bracket);
