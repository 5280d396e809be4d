using System.Runtime.InteropServices;
using System.Text;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// The words of a corpus and how often each occurs. A word is a run of characters that one piece could hold: it ends before a space, which begins the
/// next, between letters and punctuation and before a capital (where these are split), and at white space and digits (where these are split), which are never part of a piece. The texts are seen as the encoder sees
/// them: cut at special tokens and symbols, each stretch with ▁ in front, spaces as ▁.
/// </summary>
internal sealed class WordCounts
{
    private readonly Dictionary<string, long> _words = [];
    private readonly Dictionary<int, long> _loners = [];
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly AddedTokenMatcher _addedTokens;
    private readonly bool _splitsDigits, _splitsPunctuation, _splitsCapitals, _joinsSpaces;
    private readonly Kind[] _kinds;
    private char[] _stretch = new char[256];

    public WordCounts(TokenizerTrainingOptions options)
    {
        _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        _addedTokens = TokenIds.Matcher(options);
        (_splitsDigits, _joinsSpaces) = (options.SplitDigits, options.JoinSpaces);
        (_splitsPunctuation, _splitsCapitals) = (options.SplitPunctuation, options.SplitCapitals);
        _kinds = [.. Enumerable.Range(char.MinValue, char.MaxValue + 1).Select(unit => KindOf((char)unit))];
    }

    private enum Kind : byte
    {
        Letter,
        Mark,
        Space,
        Loner,
        Surrogate,
    }

    /// <summary>Each word with its ▁, if it has one.</summary>
    public IReadOnlyDictionary<string, long> Words => _words;

    /// <summary>The characters that are in no word: white space other than the space, control characters, digits where these are split.</summary>
    public IReadOnlyDictionary<int, long> Loners => _loners;

    /// <summary>How many stretches got a ▁ that no text has.</summary>
    public long Stretches { get; private set; }

    /// <summary>The special tokens and symbols found.</summary>
    public long AddedTokens { get; private set; }

    /// <summary>The characters these are written with.</summary>
    public long AddedCharacters { get; private set; }

    public void Add(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            int start = _addedTokens.Find(text, out int length, out _);
            if (start > 0)
                AddStretch(text[..start]);
            if (length > 0)
            {
                AddedTokens++;
                foreach (Rune _ in text.Slice(start, length).EnumerateRunes())
                    AddedCharacters++;
            }
            text = text[(start + length)..];
        }
    }

    private void AddStretch(ReadOnlySpan<char> text)
    {
        Stretches++;
        if (_stretch.Length <= text.Length)
            _stretch = new char[text.Length + 1];
        Span<char> stretch = _stretch.AsSpan(0, text.Length + 1);
        stretch[0] = TokenizerDefinition.SpaceMark;
        text.CopyTo(stretch[1..]);
        stretch.Replace(' ', TokenizerDefinition.SpaceMark);

        int start = 0;
        for (int i = 0; i < stretch.Length; i++)
        {
            Kind kind = _kinds[stretch[i]];
            if (kind is Kind.Letter or Kind.Mark)
            {
                bool followsSpace = i > start && stretch[i - 1] == TokenizerDefinition.SpaceMark;
                if (followsSpace ? _splitsCapitals && char.IsUpper(stretch[i]) : i > start && (_kinds[stretch[i - 1]] == Kind.Mark) != (kind == Kind.Mark))
                {
                    Count(stretch[start..i]);
                    start = i;
                }
                continue;
            }
            int length = 1;
            if (kind == Kind.Surrogate)
            {
                Rune.DecodeFromUtf16(stretch[i..], out Rune character, out length);
                kind = _splitsDigits && Rune.IsDigit(character) ? Kind.Loner : Kind.Letter;
            }
            if (kind == Kind.Loner)
            {
                Count(stretch[start..i]);
                Rune.DecodeFromUtf16(stretch[i..], out Rune loner, out _);
                CollectionsMarshal.GetValueRefOrAddDefault(_loners, loner.Value, out _)++;
                start = i + length;
            }
            else if (kind == Kind.Space && !(_joinsSpaces && i > start && stretch[i - 1] == TokenizerDefinition.SpaceMark))
            {
                Count(stretch[start..i]);
                start = i;
            }
            i += length - 1;
        }
        Count(stretch[start..]);
    }

    private void Count(ReadOnlySpan<char> word)
    {
        if (!word.IsEmpty)
            CollectionsMarshal.GetValueRefOrAddDefault(_lookup, word, out _)++;
    }

    private Kind KindOf(char unit) =>
        unit == TokenizerDefinition.SpaceMark ? Kind.Space
        : char.IsSurrogate(unit) ? Kind.Surrogate
        : char.IsWhiteSpace(unit) || Alphabet.IsByteAnyway(unit) || (_splitsDigits && char.IsDigit(unit)) ? Kind.Loner
        : _splitsPunctuation && (char.IsPunctuation(unit) || char.IsSymbol(unit)) ? Kind.Mark
        : Kind.Letter;
}
