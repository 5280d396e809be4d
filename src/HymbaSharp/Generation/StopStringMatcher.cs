namespace HymbaSharp.Generation;

/// <summary>
/// Finds stop strings in text that arrives in pieces, and gives out the text that no stop string can still take back. The pieces' borders
/// make no difference. The text ends before the stop string that is completed first; of several completed by the same character, before
/// the longest. Each string is followed by the automaton of Knuth, Morris and Pratt, so that the time is linear in the text.
/// </summary>
internal sealed class StopStringMatcher
{
    private readonly string[] _stops;
    private readonly int[][] _borders;  // [stop][n]: the longest proper prefix of the stop's first n + 1 characters that also ends them
    private readonly int[] _matched;    // [stop] how much of it the text ends with

    /// <param name="stops">Not empty, as <see cref="GenerationOptions.Validate()"/> ensures.</param>
    public StopStringMatcher(IReadOnlyList<string> stops)
    {
        _stops = [.. stops];
        _borders = [.. stops.Select(Borders)];
        _matched = new int[_stops.Length];
    }

    /// <summary>The stop string that was found; nothing is given out after it.</summary>
    public string? Found { get; private set; }

    /// <summary>Takes the next piece of text, and returns what is now certain to be shown, possibly empty.</summary>
    public string Push(string piece)
    {
        if (Found is not null)
            return "";
        ReadOnlySpan<char> held = Held();
        int end = piece.Length;
        for (int i = 0; i < piece.Length && Found is null; i++)
        {
            Found = Advance(piece[i]);
            if (Found is not null)
                end = i + 1;
        }

        int shown = held.Length + end - (Found?.Length ?? Held().Length);
        if (shown <= held.Length)
            return held[..shown].ToString();
        return held.IsEmpty && shown == piece.Length ? piece : string.Concat(held, piece.AsSpan(0, shown - held.Length));
    }

    /// <summary>Ends the text: returns what was held back, empty after a stop string.</summary>
    public string Flush()
    {
        string held = Found is null ? Held().ToString() : "";
        Array.Clear(_matched);
        return held;
    }

    /// <summary>The end of the text that could begin a stop string. Being a stop string's beginning, it need not be stored.</summary>
    private ReadOnlySpan<char> Held()
    {
        ReadOnlySpan<char> held = [];
        for (int stop = 0; stop < _stops.Length; stop++)
        {
            if (_matched[stop] > held.Length)
                held = _stops[stop].AsSpan(0, _matched[stop]);
        }
        return held;
    }

    /// <summary>Follows every stop string by a character; the longest that it completes, or null.</summary>
    private string? Advance(char next)
    {
        string? found = null;
        for (int stop = 0; stop < _stops.Length; stop++)
        {
            string text = _stops[stop];
            int matched = _matched[stop];
            while (matched > 0 && text[matched] != next)
                matched = _borders[stop][matched - 1];
            if (text[matched] == next)
                matched++;
            _matched[stop] = matched;
            if (matched == text.Length && text.Length > (found?.Length ?? 0))
                found = text;
        }
        return found;
    }

    private static int[] Borders(string text)
    {
        int[] borders = new int[text.Length];
        int border = 0;
        for (int i = 1; i < text.Length; i++)
        {
            while (border > 0 && text[border] != text[i])
                border = borders[border - 1];
            if (text[border] == text[i])
                border++;
            borders[i] = border;
        }
        return borders;
    }
}
