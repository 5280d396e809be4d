using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>What vocabulary to train, and where pieces may not reach.</summary>
public sealed record TokenizerTrainingOptions
{
    /// <summary>The largest vocabulary: tokenizer.model orders its pieces by float32 scores, which count exactly up to here.</summary>
    public const int MaxVocabularySize = 1 << 24;

    /// <summary>The largest <see cref="MaxPieceLength"/>.</summary>
    public const int LongestPiece = 128;

    /// <summary>
    /// How many tokens there are in all, the rows of the model's embedding: three special tokens, 256 bytes, the characters, the learned
    /// pieces, the <see cref="Symbols"/> and [PAD]. The least depends on the corpus's characters; at most <see cref="MaxVocabularySize"/>.
    /// </summary>
    public required int VocabularySize { get; init; }

    /// <summary>Whether each digit (of any script) is a piece of its own, so that a number's tokens are its places. Default true.</summary>
    public bool SplitDigits { get; init; } = true;

    /// <summary>Whether letters and punctuation share no piece, so that a word has the same pieces in a sentence and in quotes. Default false.</summary>
    public bool SplitPunctuation { get; init; }

    /// <summary>Whether the space before a capital letter is a piece of its own, so that a name has the same pieces wherever it stands. Default false.</summary>
    public bool SplitCapitals { get; init; }

    /// <summary>
    /// Whether neighbouring spaces may make one piece, as indented text wants it. They join nothing else: pieces of letters begin with
    /// one space or none either way. Default false, SentencePiece's default.
    /// </summary>
    public bool JoinSpaces { get; init; }

    /// <summary>The longest piece, in characters (Unicode scalar values), its space included. 1 to <see cref="LongestPiece"/>. Default 16.</summary>
    public int MaxPieceLength { get; init; } = 16;

    /// <summary>
    /// The share of the corpus's characters that must have a piece of their own; the rarest beyond it are encoded as bytes. Above 0, at
    /// most 1, which gives every character one. Default 1.
    /// </summary>
    public double CharacterCoverage { get; init; } = 1;

    /// <summary>How often two pieces must stand side by side to be joined. 1 or more. Default 2.</summary>
    public int MinPairFrequency { get; init; } = 2;

    /// <summary>
    /// Texts that are always one token, such as a chat's role markers: added tokens, not special, so decoding keeps them. As around any added token, the
    /// text behind one is encoded with a leading space of its own, which decoding shows. No duplicates, no ▁, not empty. Default none.
    /// </summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    /// <summary>Whether the last token is the special token [PAD], as in the published model. Default true.</summary>
    public bool AddPadToken { get; init; } = true;

    /// <summary>Checks every option.</summary>
    /// <exception cref="TokenizerTrainingException">One is out of its range.</exception>
    internal void Validate()
    {
        if (VocabularySize is < 1 or > MaxVocabularySize)
            throw Refused(nameof(VocabularySize), VocabularySize, $"1 to {MaxVocabularySize}");
        if (MaxPieceLength is < 1 or > LongestPiece)
            throw Refused(nameof(MaxPieceLength), MaxPieceLength, $"1 to {LongestPiece}");
        if (!(CharacterCoverage is > 0 and <= 1))
            throw Refused(nameof(CharacterCoverage), CharacterCoverage, "above 0, at most 1");
        if (MinPairFrequency < 1)
            throw Refused(nameof(MinPairFrequency), MinPairFrequency, "1 or more");
        ValidateSymbols();
    }

    private void ValidateSymbols()
    {
        HashSet<string> taken = [.. TokenIds.Special, .. Enumerable.Range(0, 256).Select(TokenizerDefinition.BytePiece)];
        if (AddPadToken)
            taken.Add(TokenIds.Pad);
        for (int i = 0; i < Symbols.Count; i++)
        {
            string symbol = Symbols[i];
            if (string.IsNullOrWhiteSpace(symbol))
                throw new TokenizerTrainingException($"Symbols: the symbol {i} is empty; allowed: texts with a character that is not white space.");
            if (symbol.Contains(TokenizerDefinition.SpaceMark) || string.Concat(symbol.EnumerateRunes()) != symbol)
                throw new TokenizerTrainingException($"Symbols: {symbol} has ▁ or half a surrogate pair in it; allowed: other characters.");
            if (!taken.Add(symbol))
                throw new TokenizerTrainingException($"Symbols: {symbol} is there twice, or is a token anyway; allowed: each once, and none of the special and byte tokens.");
        }
    }

    private static TokenizerTrainingException Refused(string option, object value, string allowed) => new($"{option} is {value}; allowed: {allowed}.");
}
