using System.Buffers;

namespace HymbaSharp.Tokenization;

/// <summary>
/// Turns text into token ids and back, exactly as the checkpoint's published tokenizer does: Llama-2 style SentencePiece BPE with byte
/// fallback. Special tokens are found in the text first; each stretch between them then gets a leading space of its own.
/// Immutable; one tokenizer serves any number of threads.
/// </summary>
public sealed class Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly int[]? _byteIds;
    private readonly int? _fallbackId;
    private readonly bool _addsPrefix;
    private readonly bool[] _isSpecial;
    private readonly AddedTokenMatcher _addedTokens;
    private readonly AddedTokenMatcher _plainAddedTokens;

    private Tokenizer(TokenizerDefinition definition, TokenizerConfig config)
    {
        if (config.AddsPrefix is { } addsPrefix && addsPrefix != definition.AddsPrefix)
            throw new TokenizerException($"tokenizer_config.json: add_prefix_space is {(addsPrefix ? "true" : "false")}; {definition.File} says otherwise, and they must agree.");

        AddedToken[] added = [.. definition.AddedTokens, .. config.AddedTokens];
        _vocabulary = new Vocabulary(definition, added);
        _merges = definition.Merges;
        _byteIds = definition.ByteIds;
        _fallbackId = Find("unk_token", definition.UnknownToken);
        _addsPrefix = definition.AddsPrefix;
        StripsPrefix = definition.StripsPrefix;

        BosId = Find("bos_token", config.NamedToken("bos_token", definition.BosToken));
        EosId = Find("eos_token", config.NamedToken("eos_token", definition.EosToken));
        PadId = Find("pad_token", config.NamedToken("pad_token", definition.PadToken));
        UnknownId = Find("unk_token", config.NamedToken("unk_token", definition.UnknownToken));
        AddBosToken = config.AddsBos ?? (definition.AddsBos && BosId is not null);
        if (AddBosToken && BosId is null)
            throw new TokenizerException("tokenizer_config.json: add_bos_token is true, but there is no bos_token.");
        ChatTemplate = config.ChatTemplate;

        _isSpecial = new bool[VocabularySize];
        foreach (AddedToken token in added)
            _isSpecial[token.Id] |= token.IsSpecial;
        foreach (int? id in (ReadOnlySpan<int?>)[BosId, EosId, PadId, UnknownId])
        {
            if (id is { } special)
                _isSpecial[special] = true;
        }
        SpecialTokens = Enumerable.Range(0, VocabularySize).Where(IsSpecial).ToDictionary(Piece, id => id).AsReadOnly();
        Dictionary<string, int> found = added.Where(token => !IsSpecial(token.Id)).DistinctBy(token => token.Id).ToDictionary(token => token.Content, token => token.Id);
        _plainAddedTokens = new AddedTokenMatcher(found);
        _addedTokens = new AddedTokenMatcher(new Dictionary<string, int>(found.Concat(SpecialTokens)));

        int? Find(string key, string? piece) =>
            piece is null ? null
            : _vocabulary.TryFind(piece, out int id) ? id
            : throw new TokenizerException($"{definition.File}: {key} is {piece}, which is not in the vocabulary.");
    }

    /// <summary>How many tokens there are: ids run from 0 to one less.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>The id of the token that begins a text, or null where there is none.</summary>
    public int? BosId { get; }

    /// <summary>The id of the token that ends a text, or null where there is none.</summary>
    public int? EosId { get; }

    /// <summary>The id of the token that fills up batches, or null where there is none.</summary>
    public int? PadId { get; }

    /// <summary>The id of the token for text the vocabulary cannot express, or null where there is none.</summary>
    public int? UnknownId { get; }

    /// <summary>Whether the checkpoint wants <see cref="BosId"/> before a plain text (not before a rendered chat, which has all it needs).</summary>
    public bool AddBosToken { get; }

    /// <summary>The special tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    /// <summary>
    /// The checkpoint's chat template: chat_template.jinja, or tokenizer_config.json's chat_template (of several, the one named
    /// "default"). Null where there is none.
    /// </summary>
    public string? ChatTemplate { get; }

    internal bool StripsPrefix { get; }

    /// <summary>
    /// Loads the tokenizer of a checkpoint: tokenizer.model if the folder has one, else tokenizer.json, with the files beside it
    /// (tokenizer_config.json, special_tokens_map.json, added_tokens.json, chat_template.jinja; all optional).
    /// </summary>
    /// <exception cref="TokenizerException">A file is missing, damaged or asks for what is not supported.</exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string model = Path.Combine(folder, "tokenizer.model");
        string json = Path.Combine(folder, "tokenizer.json");
        return File.Exists(model) ? LoadModel(model)
            : File.Exists(json) ? LoadJson(json)
            : throw new TokenizerException($"{folder} has neither tokenizer.model nor tokenizer.json; one of them is needed.");
    }

    /// <summary>Loads a SentencePiece model (BPE, no character map, whitespace kept), with the files beside it as <see cref="Load"/> does.</summary>
    /// <exception cref="TokenizerException">A file is missing, damaged or asks for what is not supported.</exception>
    public static Tokenizer LoadModel(string path) =>
        new(SentencePieceModel.Read(TokenizerFile.Read(path), path), TokenizerConfig.Read(FolderOf(path)));

    /// <summary>Loads a Hugging Face tokenizer.json of the Llama-2 kind, with the files beside it as <see cref="Load"/> does.</summary>
    /// <exception cref="TokenizerException">A file is missing, damaged or asks for what is not supported.</exception>
    public static Tokenizer LoadJson(string path) =>
        new(TokenizerJson.Read(TokenizerFile.Read(path), path), TokenizerConfig.Read(FolderOf(path)));

    /// <summary>Whether the token steers the model (begins or ends a text, fills up) rather than standing for text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public bool IsSpecial(int id) => _isSpecial[_vocabulary.Checked(id)];

    /// <summary>The token as the vocabulary writes it: ▁ for a space, &lt;0x0A&gt; for a byte.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public string Piece(int id) => _vocabulary.Piece(id);

    /// <summary>The UTF-8 bytes the token adds to a text, never none; of a byte token that one byte, of a special token its name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public ReadOnlySpan<byte> Bytes(int id) => _vocabulary.Bytes(id);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="addBos">Whether to begin with <see cref="BosId"/>; see <see cref="AddBosToken"/>.</param>
    /// <param name="parseSpecial">
    /// Whether the names of special tokens in the text are those tokens (the default, as in the published tokenizer). False
    /// for text that must not be able to steer the model: they are then encoded as the characters they are written with.
    /// Added tokens that are not special are recognised either way.
    /// </param>
    /// <exception cref="InvalidOperationException">BOS is asked for and there is none.</exception>
    public int[] Encode(ReadOnlySpan<char> text, bool addBos = false, bool parseSpecial = true)
    {
        var ids = new List<int>(text.Length / 3 + 8);
        if (addBos)
            ids.Add(BosId ?? throw new InvalidOperationException("The tokenizer has no BOS token."));

        AddedTokenMatcher matcher = parseSpecial ? _addedTokens : _plainAddedTokens;
        var encoder = new BytePairEncoder(_merges, _byteIds, _fallbackId, _addsPrefix);
        while (!text.IsEmpty)
        {
            int start = matcher.Find(text, out int length, out int id);
            encoder.Encode(text[..start], ids);
            if (length > 0)
                ids.Add(id);
            text = text[(start + length)..];
        }
        return [.. ids];
    }

    /// <summary>
    /// The text of some ids: the tokens' bytes, one after the other, read as UTF-8. Each byte that belongs to no well-formed character
    /// becomes one U+FFFD, as in SentencePiece. (Hugging Face's fast decoder agrees on runs of byte tokens that are sound or
    /// broken throughout, but also gives up the sound characters of a run that has a broken one, which cannot be streamed.)
    /// </summary>
    /// <param name="ids">Any ids.</param>
    /// <param name="skipSpecial">Whether special tokens give no text.</param>
    /// <param name="continuesText">
    /// False (the default) where the ids are a text of their own: one leading space, which stands for the start of a text, is
    /// dropped. True where they go on with another text: it is kept.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not of the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false, bool continuesText = false)
    {
        var bytes = new ArrayBufferWriter<byte>(4 * ids.Length + 1);
        foreach (int id in ids)
        {
            if (!(skipSpecial && IsSpecial(id)))
                bytes.Write(Bytes(id));
        }

        ReadOnlySpan<byte> text = bytes.WrittenSpan;
        if (StripsPrefix && !continuesText && text.StartsWith((byte)' '))
            text = text[1..];
        char[] chars = ArrayPool<char>.Shared.Rent(text.Length);
        int written = Utf8Text.Decode(text, chars, isEnd: true, out _);
        string decoded = new(chars, 0, written);
        ArrayPool<char>.Shared.Return(chars);
        return decoded;
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(path) ?? "";
}
