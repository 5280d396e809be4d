using CsCheck;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Tokenizers;

public sealed class TrainedTokenizerTests : IDisposable
{
    private const string Template = "{{ bos_token }}{% for message in messages %}<|user|>\n{{ message['content'] }}\u2028\"\\{% endfor %}";

    private static readonly string[] Corpus =
    [
        "The quick brown fox jumps over the lazy dog; the dog jumps over the quick fox.",
        "Überall standen die Häuser, und überall standen die Leute.\nÜberall!",
        "日本語の文章と日本の言葉 日本語の文章",
        "def fox(x):\n    return x + x\n\ndef dog(x):\n    return fox(x) + 1234",
        "<|user|>hello hello<|end|> <s>fox</s> 🙂🙂🙂🙂 🙂🙂",
    ];

    private static readonly string[] Awkward =
    [
        "", " ", "  ", "   ", "\n", "\n\n \n", " \t a\r\n", "▁", "▁▁ ▁a", "a▁b", "🙂", "👩‍👩‍👧‍👦 🇩🇪 e\u0301", "\0\u0001\u007F", "\uFFFD\uFFFE\uFFFF", "𐍈𐍉 𝟏𝟐", "\u00A0\u2028\u3000",
        "<unk>", "<s>", "</s>", "[PAD]", "<s></s>fox", "fox<s> fox </s>", "<|user|>", "<|user|><|end|>", "a<|user|>b <|end|>  c", "<|user", "<0x0A>", "<0x0a>", "the the thethe", "1234567890", "12,345.67",
        "foxfoxfoxfoxfox", "日本語日本", "\uD83D", "a\uDE42b",
    ];

    private readonly TrainedTokenizer _trained = TrainedFolder.Train(Corpus, 59, new TokenizerTrainingOptions { VocabularySize = 1, Symbols = ["<|user|>", "<|end|>"] });
    private readonly TrainedFolder _folder;

    public TrainedTokenizerTests() => _folder = new TrainedFolder(_trained, Template);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Both_files_give_the_same_ids()
    {
        foreach (string text in (string[])[.. Corpus, .. Awkward])
            AssertAlike(text);
        Gen<string> texts = Gen.OneOf(Gen.String, Gen.OneOf(Awkward), Gen.OneOf<string>([.. _trained.Pieces]), Gen.OneOf(Corpus)).Array[0, 12].Select(string.Concat);
        texts.Sample(AssertAlike, iter: 2000);
    }

    [Fact]
    public void Decoding_gives_back_any_text()
    {
        Gen<string> texts = Gen.OneOf(Gen.String, Gen.OneOf(Awkward), Gen.OneOf(Corpus)).Array[0, 12].Select(string.Concat);
        texts.Sample(text =>
        {
            // Half a surrogate pair is U+FFFD and ▁ a space to every SentencePiece tokenizer; behind a symbol stands a space of its own.
            string plain = string.Concat(text.EnumerateRunes()).Replace('▁', '_').Replace("<|", "<").Replace("|>", ">");
            foreach (Tokenizer tokenizer in (Tokenizer[])[_folder.Model, _folder.Json])
            {
                Assert.Equal(plain, tokenizer.Decode(tokenizer.Encode(plain, parseSpecial: false)));
                Assert.Equal(plain, tokenizer.Decode(tokenizer.Encode(plain, addBos: true, parseSpecial: false), skipSpecial: true));
            }
        }, iter: 2000);
    }

    [Fact]
    public void Every_piece_has_the_id_that_training_gave_it()
    {
        foreach (Tokenizer tokenizer in (Tokenizer[])[_folder.Model, _folder.Json])
        {
            Assert.Equal(_trained.Pieces, Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.Piece));
            int pad = tokenizer.VocabularySize - 1;
            Assert.Equal((0, 1, 2, pad), (tokenizer.UnknownId, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
            Assert.Equal(["<unk>", "<s>", "</s>", "[PAD]"], tokenizer.SpecialTokens.Keys);
            Assert.True(tokenizer.AddBosToken);
            Assert.Equal(Template, tokenizer.ChatTemplate);
        }
    }

    [Fact]
    public void A_learned_piece_encodes_to_itself()
    {
        foreach (string piece in TrainedFolder.Learned(_trained).Where(piece => piece[0] == '▁'))
        {
            Assert.Equal([piece], TrainedFolder.Cut(_folder.Model, piece[1..]));
            Assert.Equal([piece], TrainedFolder.Cut(_folder.Json, piece[1..]));
        }
    }

    [Fact]
    public void A_symbol_is_one_token_that_decoding_keeps()
    {
        foreach (Tokenizer tokenizer in (Tokenizer[])[_folder.Model, _folder.Json])
        {
            int[] ids = tokenizer.Encode("<|user|>fox<|end|>");
            Assert.Equal(["<|user|>", "<|end|>"], new[] { ids[0], ids[^1] }.Select(tokenizer.Piece));
            Assert.Equal("<|user|> fox<|end|>", tokenizer.Decode(ids, skipSpecial: true));
            Assert.False(tokenizer.IsSpecial(ids[0]));
        }
        Assert.DoesNotContain(TrainedFolder.Learned(_trained), piece => piece.Contains("<|"));
    }

    [Fact]
    public void There_need_be_no_pad_token_symbols_or_template()
    {
        TrainedTokenizer trained = TrainedFolder.Train(Corpus, 10, new TokenizerTrainingOptions { VocabularySize = 1, AddPadToken = false });
        using var folder = new TrainedFolder(trained);
        foreach (Tokenizer tokenizer in (Tokenizer[])[folder.Model, folder.Json])
        {
            Assert.Equal(trained.VocabularySize, tokenizer.VocabularySize);
            Assert.Null(tokenizer.PadId);
            Assert.Null(tokenizer.ChatTemplate);
        }
        Assert.Null(trained.PadToken);
        // Without symbols the two main files need nothing beside them.
        File.Delete(Path.Combine(folder.Path, "tokenizer_config.json"));
        File.Delete(Path.Combine(folder.Path, "special_tokens_map.json"));
        Assert.Equal(trained.VocabularySize, Tokenizer.LoadModel(Path.Combine(folder.Path, "tokenizer.model")).VocabularySize);
        Assert.Equal(trained.VocabularySize, Tokenizer.LoadJson(Path.Combine(folder.Path, "tokenizer.json")).VocabularySize);
    }

    [Fact]
    public void Saving_again_replaces_the_files_and_leaves_no_others()
    {
        TrainedTokenizer other = TrainedFolder.Train(Corpus, 3);
        other.Save(_folder.Path);
        Assert.Equal(
            ["special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json"],
            Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Tokenizer tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal(other.VocabularySize, tokenizer.VocabularySize);
        Assert.Null(tokenizer.ChatTemplate);
    }

    [Fact]
    public void Saves_into_a_folder_that_is_not_there_yet()
    {
        string folder = Path.Combine(_folder.Path, "a", "b");
        _trained.Save(folder);
        Assert.Equal(_trained.VocabularySize, Tokenizer.Load(folder).VocabularySize);
    }

    [Theory]
    [InlineData("added_tokens.json")]
    [InlineData("chat_template.jinja")]
    public void Another_tokenizers_files_are_refused(string name)
    {
        File.WriteAllText(Path.Combine(_folder.Path, name), "{}");
        Assert.Contains(name, Assert.Throws<TokenizerTrainingException>(() => _trained.Save(_folder.Path)).Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused()
    {
        string file = Path.Combine(_folder.Path, "tokenizer.json");
        Assert.Contains("cannot be written to", Assert.Throws<TokenizerTrainingException>(() => _trained.Save(file)).Message);
    }

    private void AssertAlike(string text)
    {
        Assert.Equal(_folder.Model.Encode(text), _folder.Json.Encode(text));
        Assert.Equal(_folder.Model.Encode(text, parseSpecial: false), _folder.Json.Encode(text, parseSpecial: false));
    }
}
