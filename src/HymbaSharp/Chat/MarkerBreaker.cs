using System.Buffers;
using System.Text;
using HymbaSharp.Chat.Jinja;

namespace HymbaSharp.Chat;

/// <summary>
/// Breaks markers in a text by a space. As the markers hold no space, what is inserted can complete none, and one that lies
/// inside or across another is broken like any.
/// </summary>
internal sealed class MarkerBreaker(string[] markers)
{
    private readonly SearchValues<char> _firsts = SearchValues.Create([.. markers.Select(marker => marker[0])]);

    public string Apply(string text)
    {
        SortedSet<int> breaks = [];
        AddWhole(text, breaks);
        AddEdges(text, breaks);
        if (breaks.Count == 0)
            return text;

        StringBuilder broken = new(text.Length + breaks.Count);
        int start = 0;
        foreach (int position in breaks)
        {
            _ = broken.Append(text, start, position - start).Append(' ');
            start = position;
        }
        return broken.Append(text, start, text.Length - start).ToString();
    }

    private void AddWhole(string text, SortedSet<int> breaks)
    {
        for (int i = 0, step; (step = text.AsSpan(i).IndexOfAny(_firsts)) >= 0; i++)
        {
            i += step;
            foreach (string marker in markers)
            {
                if (text.AsSpan(i).StartsWith(marker))
                    _ = breaks.Add(i + 1);
            }
        }
    }

    /// <summary>
    /// Breaks two or more characters of a marker at either edge of the text; templates strip white space from the edges, so it does
    /// not count. Of two texts that make a marker together, one has two characters of it.
    /// </summary>
    private void AddEdges(string text, SortedSet<int> breaks)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && PythonText.IsSpace(text[start]))
            start++;
        while (end > start && PythonText.IsSpace(text[end - 1]))
            end--;
        ReadOnlySpan<char> inner = text.AsSpan(start, end - start);
        foreach (string marker in markers)
        {
            for (int length = 2; length < marker.Length; length++)
            {
                if (inner.EndsWith(marker.AsSpan(0, length)))
                    _ = breaks.Add(end - length + 1);
                if (inner.StartsWith(marker.AsSpan(marker.Length - length)))
                    _ = breaks.Add(start + length - 1);
            }
        }
    }
}
