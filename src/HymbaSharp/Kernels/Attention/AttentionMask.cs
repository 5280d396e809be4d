namespace HymbaSharp.Kernels;

/// <summary>
/// Which keys a query sees: at position a it sees key b when b ≤ a and (the layer is global, or a − b ≤ W, or b is a meta token).
/// </summary>
internal readonly record struct AttentionMask(bool Global, int Window, int MetaTokens)
{
    /// <summary>The first position inside the window of a query at <paramref name="position"/>.</summary>
    public int WindowStart(int position) => Global ? 0 : Math.Max(position - Window, 0);

    /// <summary>Whether any query from <paramref name="first"/> on sees any key of page <paramref name="page"/>.</summary>
    public bool Reaches(int page, int first)
    {
        int start = page * KeyValuePage.Rows;
        return start < MetaTokens || start + KeyValuePage.Rows > WindowStart(first);
    }

    /// <summary>The keys of a page that a query at <paramref name="position"/> sees are rows [0, metaEnd) and [windowStart, end).</summary>
    public (int MetaEnd, int WindowStart, int End) Rows(int page, int position)
    {
        int start = page * KeyValuePage.Rows;
        int end = Math.Clamp(position + 1 - start, 0, KeyValuePage.Rows);
        int window = Math.Clamp(WindowStart(position) - start, 0, end);
        int meta = Math.Clamp(MetaTokens - start, 0, window);
        return (meta, window, end);
    }
}
