using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Tokenizers;

public sealed class TrainingRefusalTests
{
    private static readonly TokenizerTrainingOptions Small = new() { VocabularySize = 264 };

    public static TheoryData<TokenizerTrainingOptions, string> WrongOptions => new()
    {
        { Small with { VocabularySize = 0 }, "VocabularySize is 0; allowed: 1 to 16777216" },
        { Small with { VocabularySize = (1 << 24) + 1 }, "VocabularySize is 16777217" },
        { Small with { MaxPieceLength = 0 }, "MaxPieceLength is 0; allowed: 1 to 128" },
        { Small with { MaxPieceLength = 129 }, "MaxPieceLength is 129" },
        { Small with { CharacterCoverage = 0 }, "CharacterCoverage is 0; allowed: above 0, at most 1" },
        { Small with { CharacterCoverage = 1.01 }, "CharacterCoverage is 1.01" },
        { Small with { CharacterCoverage = double.NaN }, "CharacterCoverage is NaN" },
        { Small with { MinPairFrequency = 0 }, "MinPairFrequency is 0; allowed: 1 or more" },
        { Small with { Symbols = ["<x>", ""] }, "the symbol 1 is empty" },
        { Small with { Symbols = [" "] }, "the symbol 0 is empty" },
        { Small with { Symbols = ["<x>", "<x>"] }, "<x> is there twice" },
        { Small with { Symbols = ["</s>"] }, "</s> is there twice, or is a token anyway" },
        { Small with { Symbols = ["<0x0A>"] }, "<0x0A> is there twice, or is a token anyway" },
        { Small with { Symbols = ["[PAD]"] }, "[PAD] is there twice, or is a token anyway" },
        { Small with { Symbols = ["▁x"] }, "▁x has ▁ or half a surrogate pair" },
        { Small with { Symbols = ["x\uD83D"] }, "half a surrogate pair" },
    };

    [Theory]
    [MemberData(nameof(WrongOptions), DisableDiscoveryEnumeration = true)]
    public void An_option_out_of_its_range_is_refused_by_name(TokenizerTrainingOptions options, string message) =>
        Assert.Contains(message, Assert.Throws<TokenizerTrainingException>(() => BytePairTrainer.Train(["text"], options)).Message);

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("", "<s></s>", "<x>")]
    public void An_empty_corpus_is_refused(params string[] texts) =>
        Assert.Contains("The corpus is empty", Assert.Throws<TokenizerTrainingException>(() => BytePairTrainer.Train(texts, Small with { Symbols = ["<x>"] })).Message);

    [Fact]
    public void A_vocabulary_too_small_is_refused_with_the_least_size()
    {
        // ▁, a, b; one symbol and [PAD].
        var options = Small with { VocabularySize = 263, Symbols = ["<x>"] };
        Assert.Contains(
            "VocabularySize is 263; allowed: at least 264, for 259 special and byte tokens, 3 characters and 2 added tokens.",
            Assert.Throws<TokenizerTrainingException>(() => BytePairTrainer.Train(["ab"], options)).Message);
        Assert.Equal(264, BytePairTrainer.Train(["ab"], options with { VocabularySize = 264 }).VocabularySize);
    }

    [Fact]
    public void A_vocabulary_the_corpus_cannot_fill_is_refused_with_the_size_reached()
    {
        string message = Assert.Throws<TokenizerTrainingException>(() => BytePairTrainer.Train(["ab ab"], Small with { VocabularySize = 300 })).Message;
        // ▁, a, b, [PAD], then ab and ▁ab.
        Assert.Contains("VocabularySize is 300; allowed: at most 265, as the corpus has no further pair of pieces that occurs 2 times", message);
        Assert.Equal(265, BytePairTrainer.Train(["ab ab"], Small with { VocabularySize = 265 }).VocabularySize);
    }
}
