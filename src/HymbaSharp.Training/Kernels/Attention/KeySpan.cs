using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The part of a panel of keys that a block of queries needs: lanes <paramref name="Start"/> … <paramref name="End"/> − 1, whole vectors, of which
/// those from <paramref name="KeyEnd"/> on are no key that any of them sees. <paramref name="Masked"/>: not every query sees every lane.
/// </summary>
internal readonly record struct KeySpan(int Start, int KeyEnd, int End, bool Masked)
{
    /// <summary>Keys of a panel; the mask counts in them.</summary>
    public const int Panel = KeyValuePage.Rows;

    public bool IsEmpty => Start >= KeyEnd;

    /// <summary>What the queries at positions <paramref name="first"/> … <paramref name="last"/> need of a panel.</summary>
    public static KeySpan Of(AttentionMask mask, int panel, int first, int last, int lanes)
    {
        (int meta, int window, int firstEnd) = mask.Rows(panel, first);
        (_, int lastWindow, int end) = mask.Rows(panel, last);
        // Once the first query's window has left the panel, so have all windows, and every query sees the same meta tokens.
        bool left = window == Panel;
        int start = left || meta > 0 ? 0 : window / lanes * lanes;
        int keyEnd = left ? meta : end;
        int vectorEnd = (keyEnd + lanes - 1) / lanes * lanes;
        bool masked = left ? vectorEnd > meta : firstEnd < vectorEnd || lastWindow > start;
        return new KeySpan(start, keyEnd, vectorEnd, masked);
    }

    /// <summary>Overwrites the lanes that the query at <paramref name="position"/> does not see.</summary>
    public unsafe void Hide(AttentionMask mask, int panel, int position, float* lanes, float with)
    {
        (int meta, int window, int end) = mask.Rows(panel, position);
        Fill(lanes, Math.Max(meta, Start), Math.Min(window, End), with);
        Fill(lanes, Math.Max(end, Start), End, with);
    }

    private static unsafe void Fill(float* lanes, int from, int to, float with)
    {
        if (from < to)
            new Span<float>(lanes + from, to - from).Fill(with);
    }
}
