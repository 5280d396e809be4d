using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Tokenizers;

public sealed class SplitPieceTests
{
    private static readonly string[] Texts = [.. Enumerable.Repeat("say \"cat\", (cat) and cat_dog: the cat.", 20)];

    [Fact]
    public void No_piece_holds_letters_and_punctuation_and_a_space_goes_with_either()
    {
        TrainedTokenizer split = Train(splitsPunctuation: true), joined = Train(splitsPunctuation: false);

        Assert.DoesNotContain(split.Pieces.Skip(259), IsMixed);
        Assert.Contains("cat", split.Pieces);
        Assert.Contains("▁\"", split.Pieces);
        Assert.Contains(joined.Pieces.Skip(259), IsMixed);
    }

    [Fact]
    public void A_space_before_a_capital_is_a_piece_of_its_own_where_asked()
    {
        string[] texts = [.. Enumerable.Repeat("see Cat and \"Cat\" and the cat", 20)];
        TrainedTokenizer split = BytePairTrainer.Train(texts, new TokenizerTrainingOptions { VocabularySize = 284, SplitPunctuation = true, SplitCapitals = true, AddPadToken = false }, null, default);

        Assert.Contains("Cat", split.Pieces);
        Assert.Contains("▁cat", split.Pieces);
        Assert.DoesNotContain("▁Cat", split.Pieces);
    }

    private static bool IsMixed(string piece) => piece.Any(char.IsLetter) && piece.Any(unit => unit != '▁' && !char.IsLetter(unit));

    private static TrainedTokenizer Train(bool splitsPunctuation) => BytePairTrainer.Train(
        Texts, new TokenizerTrainingOptions { VocabularySize = 290, SplitPunctuation = splitsPunctuation, AddPadToken = false }, null, default);
}
