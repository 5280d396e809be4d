namespace HymbaSharp.Tokenization;

/// <summary>What tokenizer.model or tokenizer.json says, in one shape.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>The character that stands for a space in pieces.</summary>
    public const char SpaceMark = '▁';

    /// <summary>The file this was read from, for messages.</summary>
    public required string File { get; init; }

    /// <summary>The id of every piece; the <see cref="Vocabulary"/> takes it over and adds to it.</summary>
    public required Dictionary<string, int> Ids { get; init; }

    /// <summary>Which neighbours join into which piece, and in what order.</summary>
    public required MergeTable Merges { get; init; }

    /// <summary>The ids of the 256 byte pieces, or null where characters without a piece become the unknown token.</summary>
    public required int[]? ByteIds { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Whether each stretch of text gets a leading space when encoded.</summary>
    public required bool AddsPrefix { get; init; }

    /// <summary>Whether decoding drops one leading space.</summary>
    public required bool StripsPrefix { get; init; }

    public required string? BosToken { get; init; }

    public string? EosToken { get; init; }

    public string? PadToken { get; init; }

    public required string? UnknownToken { get; init; }

    /// <summary>Whether a plain text starts with BOS, where tokenizer_config.json doesn't say.</summary>
    public required bool AddsBos { get; init; }

    /// <summary>The name of a byte's piece.</summary>
    public static string BytePiece(int value) => $"<0x{value:X2}>";

    /// <summary>The ids of the 256 byte pieces, all of which must be there.</summary>
    public static int[] FindBytePieces(Dictionary<string, int> ids, string file)
    {
        int[] byteIds = new int[256];
        for (int value = 0; value < byteIds.Length; value++)
        {
            if (!ids.TryGetValue(BytePiece(value), out byteIds[value]))
                throw new TokenizerException($"{file}: byte_fallback is true, but the vocabulary lacks {BytePiece(value)}; it needs all 256 byte pieces.");
        }
        return byteIds;
    }
}
