using System.Buffers;

namespace HymbaSharp.Tokenization;

/// <summary>Finds added tokens in text: the leftmost, and of those that start there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<string, int> _ids;
    private readonly SearchValues<string> _contents;
    private readonly int[] _lengths;

    /// <param name="ids">The tokens, none of them empty, and their ids.</param>
    public AddedTokenMatcher(Dictionary<string, int> ids)
    {
        _ids = ids;
        _contents = SearchValues.Create([.. ids.Keys], StringComparison.Ordinal);
        _lengths = [.. ids.Keys.Select(content => content.Length).Distinct().OrderDescending()];
    }

    /// <returns>Where the token starts, or the text's length where there is none.</returns>
    public int Find(ReadOnlySpan<char> text, out int length, out int id)
    {
        (length, id) = (0, 0);
        int start = text.IndexOfAny(_contents);
        if (start < 0)
            return text.Length;
        ReadOnlySpan<char> rest = text[start..];
        var lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (int candidate in _lengths)
        {
            if (candidate <= rest.Length && lookup.TryGetValue(rest[..candidate], out id))
            {
                length = candidate;
                break;
            }
        }
        return start;
    }
}
