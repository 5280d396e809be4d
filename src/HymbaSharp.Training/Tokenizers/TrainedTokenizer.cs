using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>A trained vocabulary, to be written as a checkpoint's tokenizer files.</summary>
public sealed class TrainedTokenizer
{
    internal TrainedTokenizer(TokenizerTrainingOptions options, IReadOnlyList<Merge> merges, IReadOnlyList<string> characters, long corpusCharacters, long corpusTokens)
    {
        Merges = merges;
        Symbols = [.. options.Symbols];
        PadToken = options.AddPadToken ? TokenIds.Pad : null;
        MergedPieces =
        [
            .. TokenIds.Special, .. Enumerable.Range(0, 256).Select(TokenizerDefinition.BytePiece),
            .. merges.Select(merge => merge.Piece), .. characters,
        ];
        Pieces = PadToken is null ? [.. MergedPieces, .. Symbols] : [.. MergedPieces, .. Symbols, PadToken];
        CharacterCount = characters.Count;
        (CorpusCharacters, CorpusTokens) = (corpusCharacters, corpusTokens);
    }

    /// <summary>How many tokens there are: the rows of the model's embedding.</summary>
    public int VocabularySize => Pieces.Count;

    /// <summary>
    /// Every token by its id, as the vocabulary writes it (▁ for a space, &lt;0x0A&gt; for a byte): &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, the 256
    /// bytes, the learned pieces in the order they were learned, the characters by frequency, the symbols, [PAD].
    /// </summary>
    public IReadOnlyList<string> Pieces { get; }

    /// <summary>How many pieces were learned.</summary>
    public int LearnedCount => Merges.Count;

    /// <summary>How many characters have a piece of their own.</summary>
    public int CharacterCount { get; }

    /// <summary>The symbols of the options, each one token.</summary>
    public IReadOnlyList<string> Symbols { get; }

    /// <summary>[PAD], or null where there is none.</summary>
    public string? PadToken { get; }

    /// <summary>The characters (Unicode scalar values) of the corpus.</summary>
    public long CorpusCharacters { get; }

    /// <summary>The tokens the corpus encodes to, each text by itself and without BOS. Divided by the characters: what the vocabulary achieves.</summary>
    public long CorpusTokens { get; }

    /// <summary>The pieces that tokenizer.model holds: all but the added tokens.</summary>
    internal IReadOnlyList<string> MergedPieces { get; }

    internal IReadOnlyList<Merge> Merges { get; }

    /// <summary>The tokens that follow the pieces, and whether each is special.</summary>
    internal IEnumerable<AddedToken> AddedTokens =>
        Pieces.Skip(MergedPieces.Count).Select((content, index) => new AddedToken(content, MergedPieces.Count + index, IsSpecial: content == PadToken));

    /// <summary>
    /// Writes tokenizer.model, tokenizer.json, tokenizer_config.json and special_tokens_map.json, in place of those already there. The first
    /// two hold the same vocabulary; the engine and others open either. Each file appears whole or not at all.
    /// </summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="chatTemplate">The chat template, in Jinja, for tokenizer_config.json; null for none.</param>
    /// <exception cref="TokenizerTrainingException">The folder has files of another tokenizer that would be read with these, or cannot be written to.</exception>
    public void Save(string folder, string? chatTemplate = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        foreach (string foreign in (ReadOnlySpan<string>)["added_tokens.json", "chat_template.jinja"])
        {
            string path = Path.Combine(folder, foreign);
            if (File.Exists(path))
                throw new TokenizerTrainingException($"{path} belongs to another tokenizer and would be read with this one; remove it, or save elsewhere.");
        }

        (string Name, byte[] Content)[] files =
        [
            ("tokenizer.model", SentencePieceFile.Write(this)),
            ("tokenizer.json", TokenizerJsonFile.Write(this)),
            ("tokenizer_config.json", TokenizerConfigFile.WriteConfig(this, chatTemplate)),
            ("special_tokens_map.json", TokenizerConfigFile.WriteNamedTokens(this)),
        ];
        string[] temporaries = [.. files.Select(file => Path.Combine(folder, $".{file.Name}.{Guid.NewGuid():N}.tmp"))];
        try
        {
            Directory.CreateDirectory(folder);
            for (int i = 0; i < files.Length; i++)
            {
                using FileStream stream = new(temporaries[i], FileMode.CreateNew, FileAccess.Write, FileShare.None);
                stream.Write(files[i].Content);
                stream.Flush(flushToDisk: true);
            }
            for (int i = 0; i < files.Length; i++)
                File.Move(temporaries[i], Path.Combine(folder, files[i].Name), overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerTrainingException($"{folder} cannot be written to: {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(folder))
                Array.ForEach(temporaries, File.Delete);
        }
    }
}
