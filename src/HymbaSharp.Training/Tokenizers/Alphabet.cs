using System.Runtime.InteropServices;
using System.Text;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// The characters that have a piece of their own: the most frequent ones, of equals the lowest code point, until they cover the share asked for. ▁ always has one;
/// ASCII's control characters, line feed and tab among them, never: their byte is one token too.
/// </summary>
internal sealed class Alphabet
{
    private readonly Dictionary<int, int> _indices = [];

    public Alphabet(WordCounts words, double coverage)
    {
        var counts = new Dictionary<int, long>(words.Loners);
        foreach ((string word, long count) in words.Words)
        {
            foreach (Rune character in word.EnumerateRunes())
                CollectionsMarshal.GetValueRefOrAddDefault(counts, character.Value, out _) += count;
        }
        Occurrences = counts.Values.Sum();

        KeyValuePair<int, long>[] candidates =
        [
            .. counts.Where(character => !IsByteAnyway(character.Key))
                .OrderByDescending(character => character.Key == TokenizerDefinition.SpaceMark)
                .ThenByDescending(character => character.Value)
                .ThenBy(character => character.Key),
        ];
        double wanted = coverage * candidates.Sum(character => character.Value);
        long covered = 0;
        foreach ((int character, long count) in candidates)
        {
            if (covered >= wanted)
                break;
            covered += count;
            _indices.Add(character, _indices.Count);
        }
        Characters = [.. _indices.Keys.Select(character => new Rune(character).ToString())];
        Tokens = counts.Sum(character => character.Value * (_indices.ContainsKey(character.Key) ? 1 : new Rune(character.Key).Utf8SequenceLength));
    }

    /// <summary>The characters, most frequent first.</summary>
    public IReadOnlyList<string> Characters { get; }

    /// <summary>How many characters the corpus has, the ▁ before each stretch included.</summary>
    public long Occurrences { get; }

    /// <summary>How many tokens these take before anything is joined.</summary>
    public long Tokens { get; }

    /// <summary>The character's place among <see cref="Characters"/>, or −1.</summary>
    public int IndexOf(Rune character) => _indices.GetValueOrDefault(character.Value, -1);

    public static bool IsByteAnyway(int character) => character < 128 && char.IsControl((char)character);
}
