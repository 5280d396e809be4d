using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>
/// Encodes a text of which some stretches are learned. The ids are those of the whole text, as at inference, wherever tokens begin and end at the
/// stretches' borders; else each stretch is encoded by itself, as a model writes it: after the ids of what precedes it.
/// </summary>
internal sealed class StretchEncoder(Tokenizer tokenizer)
{
    // Texts of which one at least joins no piece with what follows: a line feed and a control character are byte tokens in most vocabularies.
    private static readonly string[] Anchors = ["\n", "\u0001", "."];

    /// <param name="text">The text.</param>
    /// <param name="borders">Offsets in it, ascending.</param>
    /// <param name="addBos">Whether the ids begin with BOS.</param>
    /// <returns>The ids, and for each border how many of them precede it.</returns>
    public (int[] Ids, int[] Ends) Encode(string text, ReadOnlySpan<int> borders, bool addBos)
    {
        int[] whole = tokenizer.Encode(text, addBos);
        (int[] pieces, int[] ends) = EncodePieces(text, borders, addBos);
        // Equal ids have no token across a border, and then merging on either side of it went as it would have alone.
        if (whole.AsSpan().SequenceEqual(pieces))
            return (whole, ends);
        // A stretch after a special token gets a leading space of its own, which a piece has not.
        int[] wholeEnds = new int[borders.Length];
        for (int i = 0; i < borders.Length; i++)
        {
            int[] beginning = tokenizer.Encode(text.AsSpan(0, borders[i]), addBos);
            if (!whole.AsSpan().StartsWith(beginning))
                return (pieces, ends);
            wholeEnds[i] = beginning.Length;
        }
        return (whole, wholeEnds);
    }

    private (int[] Ids, int[] Ends) EncodePieces(string text, ReadOnlySpan<int> borders, bool addBos)
    {
        List<int> ids = [];
        int[] ends = new int[borders.Length];
        int start = 0;
        for (int i = 0; i <= borders.Length; i++)
        {
            int end = i < borders.Length ? borders[i] : text.Length;
            ids.AddRange(start == 0 ? tokenizer.Encode(text.AsSpan(0, end), addBos && i == 0) : Continuation(text.AsSpan(start, end - start)));
            if (i < borders.Length)
                ends[i] = ids.Count;
            start = end;
        }
        return ([.. ids], ends);
    }

    /// <summary>The ids of a text that goes on from another: with no leading space of its own.</summary>
    private int[] Continuation(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return [];
        foreach (string anchor in Anchors)
        {
            int[] before = tokenizer.Encode(anchor);
            int[] both = tokenizer.Encode([.. anchor, .. text]);
            if (both.AsSpan().StartsWith(before))
                return both[before.Length..];
        }
        throw new TrainingDataException($"The tokenizer joins \"{text[..Math.Min(text.Length, 20)]}\" with whatever precedes it, so that no reply can begin there.");
    }
}
