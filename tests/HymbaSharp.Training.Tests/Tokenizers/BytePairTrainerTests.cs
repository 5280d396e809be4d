using System.Text;
using CsCheck;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Tokenizers;

public sealed class BytePairTrainerTests
{
    private static readonly TokenizerTrainingOptions Defaults = new() { VocabularySize = 1 };

    // Few characters, so that there are ties, runs and pieces within pieces; and what ends a word.
    private static readonly Gen<string[]> Corpora =
        Gen.OneOf("a", "b", "c", "aa", "ab", "abc", "abab", " ", "  ", "7", "\n", "é", "🙂", "bca").Array[0, 25].Select(string.Concat).Array[1, 6].Where(texts => texts.Any(text => text != ""));

    private static readonly string[] English =
    [
        "the cat sat on the mat, the dog sat on the log\nand the cat looked at the dog",
        "there is another cat on the other mat; neither the dog nor the cat is there",
        "In 1984 the 42 cats ate 7 fish. 🙂 naïve café",
    ];

    [Fact]
    public void Learns_what_plain_counting_learns()
    {
        Gen.Select(Corpora, Gen.Int[0, 40], Gen.Int[1, 3], Gen.Int[1, 6]).Sample((texts, most, minFrequency, maxLength) =>
        {
            var plain = new PlainTraining(texts, most, minFrequency, maxLength);
            TrainedTokenizer trained = TrainedFolder.Train(texts, plain.Merges.Count, Defaults with { MinPairFrequency = minFrequency, MaxPieceLength = maxLength });
            Assert.Equal(plain.Merges.Select(merge => merge.Left + merge.Right), TrainedFolder.Learned(trained));
            Assert.Equal(plain.Merges, trained.Merges.Select(merge => (merge.Left, merge.Right)));
            Assert.Equal(plain.Characters.Order(), trained.Pieces.Skip(TrainedFolder.FirstLearned + trained.LearnedCount).Take(trained.CharacterCount).Order());
        }, iter: 300);
    }

    [Fact]
    public void The_engine_cuts_the_corpus_as_the_training_did()
    {
        Gen.Select(Corpora, Gen.Int[0, 40]).Sample((texts, most) =>
        {
            var plain = new PlainTraining(texts, most);
            TrainedTokenizer trained = TrainedFolder.Train(texts, plain.Merges.Count);
            using var folder = new TrainedFolder(trained);
            foreach ((string text, List<List<string>> words) in texts.Zip(plain.Texts))
            {
                string[] expected = [.. words.SelectMany(word => word).Select(piece => piece == "\n" ? "<0x0A>" : piece)];
                Assert.Equal(expected, TrainedFolder.Cut(folder.Model, text));
                Assert.Equal(expected, TrainedFolder.Cut(folder.Json, text));
            }
            Assert.Equal(texts.Sum(text => folder.Model.Encode(text).Length), trained.CorpusTokens);
            Assert.Equal(texts.Sum(text => text.EnumerateRunes().Count()), trained.CorpusCharacters);
        }, iter: 50);
    }

    [Fact]
    public void Tokens_of_the_corpus_are_counted_with_bytes_symbols_and_special_tokens()
    {
        string[] texts = [.. English, "a<s>the cat</s> <|user|>the ▁ dog\t<|user|>", "日本語 日本 日 the\uD83D"];
        TokenizerTrainingOptions options = Defaults with { Symbols = ["<|user|>"], CharacterCoverage = 0.97, JoinSpaces = true };
        TrainedTokenizer trained = TrainedFolder.Train(texts, 27, options);
        using var folder = new TrainedFolder(trained);
        Assert.Contains(folder.Model.Encode(texts[^1]), id => id is > 127 and < TrainedFolder.FirstLearned);
        Assert.Equal(texts.Sum(text => folder.Model.Encode(text).Length), trained.CorpusTokens);
        Assert.Equal(texts.Sum(text => folder.Json.Encode(text).Length), trained.CorpusTokens);
        Assert.Equal(texts.Sum(text => text.EnumerateRunes().Count()), trained.CorpusCharacters);
    }

    [Fact]
    public void Equally_frequent_pairs_make_the_shorter_piece_first_then_the_lower_one()
    {
        // Twice each: ▁z, zy, yx, ▁b, ba; then what remains.
        Assert.Equal(["ba", "yx", "▁z", "▁ba", "▁zyx"], TrainedFolder.Learned(TrainedFolder.Train(["zyx ba zyx ba"], 5)));
    }

    [Fact]
    public void A_run_of_one_letter_counts_as_often_as_it_can_be_joined()
    {
        // aaa holds aa twice, but can join it once: twice in the text, where xy stands three times.
        Assert.Equal(["xy", "aa"], TrainedFolder.Learned(TrainedFolder.Train(["aaa\naaa\nxy\nxy\nxy"], 2)).Where(piece => piece[0] != '▁'));
    }

    [Fact]
    public void The_order_of_the_texts_does_not_matter()
    {
        Gen.Select(Corpora, Gen.Int[0, 1000]).Sample((texts, seed) =>
        {
            string[] shuffled = [.. texts];
            new Random(seed).Shuffle(shuffled);
            int learned = new PlainTraining(texts, 20).Merges.Count;
            Assert.Equal(TrainedFolder.Train(texts, learned).Pieces, TrainedFolder.Train(shuffled, learned).Pieces);
        }, iter: 100);
    }

    [Fact]
    public void Ids_are_in_Llama_2_order()
    {
        TrainedTokenizer trained = TrainedFolder.Train(["aab aab"], 2, Defaults with { Symbols = ["<x>", "<y>"] });
        Assert.Equal(["<unk>", "<s>", "</s>", "<0x00>"], trained.Pieces.Take(4));
        Assert.Equal(["<0xFF>", "aa", "aab", "▁", "a", "b", "<x>", "<y>", "[PAD]"], trained.Pieces.Skip(258));
        Assert.Equal(trained.Pieces.Count, trained.VocabularySize);
    }

    [Fact]
    public void Digits_are_pieces_of_their_own_unless_they_may_join()
    {
        string[] texts = ["in 2024 and 2024 and ２０ ２０ 𝟏𝟏 𝟏𝟏"];
        Assert.DoesNotContain(TrainedFolder.Learned(TrainedFolder.Train(texts, 3)), piece => piece.EnumerateRunes().Any(Rune.IsDigit));
        Assert.Contains("▁2024", TrainedFolder.Learned(TrainedFolder.Train(texts, 11, Defaults with { SplitDigits = false })));
    }

    [Fact]
    public void Spaces_join_only_on_request()
    {
        string[] texts = ["if a\n        b\n        b\n    c\n    c"];
        Assert.DoesNotContain(TrainedFolder.Learned(TrainedFolder.Train(texts, 2)), piece => piece.AsSpan(1).Contains('▁'));
        TrainedTokenizer joined = TrainedFolder.Train(texts, 3, Defaults with { JoinSpaces = true });
        Assert.Contains("▁▁▁▁", TrainedFolder.Learned(joined));
        Assert.All(TrainedFolder.Learned(joined), piece => Assert.Matches("^(▁+|▁?[^▁]+)$", piece));
        using var folder = new TrainedFolder(joined);
        foreach (Tokenizer tokenizer in (Tokenizer[])[folder.Model, folder.Json])
            Assert.Equal(joined.CorpusTokens, tokenizer.Encode(texts[0]).Length);
    }

    [Fact]
    public void Pieces_are_no_longer_than_allowed()
    {
        string[] texts = [new('é', 200), string.Concat(Enumerable.Repeat("🙂", 200))];
        TokenizerTrainingOptions options = Defaults with { MaxPieceLength = 5 };
        Assert.Equal(["éé", "🙂🙂", "éééé", "🙂🙂🙂🙂"], TrainedFolder.Learned(TrainedFolder.Train(texts, 4, options)));
        Assert.Contains("joins to at most 5 characters", Assert.Throws<TokenizerTrainingException>(() => TrainedFolder.Train(texts, 5, options)).Message);
    }

    [Fact]
    public void Characters_beyond_the_coverage_are_bytes()
    {
        // 97 of 100 characters are a, b or ▁.
        string[] texts = [string.Concat(Enumerable.Repeat("a", 60)) + string.Concat(Enumerable.Repeat("b", 36)) + "xyz"];
        TrainedTokenizer trained = TrainedFolder.Train(texts, 0, Defaults with { CharacterCoverage = 0.97 });
        Assert.Equal(["▁", "a", "b", "[PAD]"], trained.Pieces.Skip(TrainedFolder.FirstLearned));
        using var folder = new TrainedFolder(trained);
        Assert.Equal(["▁", "<0x78>", "a"], TrainedFolder.Cut(folder.Model, "xa"));
        Assert.Equal(6, TrainedFolder.Train(texts, 0).CharacterCount);
    }

    [Fact]
    public void White_space_and_control_characters_end_words_and_ASCII_ones_are_bytes()
    {
        string[] texts = ["a\nb a\nb a\tb a\tb a\u00A0b a\u00A0b a\0b a\0b"];
        TrainedTokenizer trained = TrainedFolder.Train(texts, 1);
        Assert.Equal(["▁a", "▁", "a", "b", "\u00A0", "[PAD]"], trained.Pieces.Skip(TrainedFolder.FirstLearned));
        using var folder = new TrainedFolder(trained);
        Assert.Equal(["▁a", "<0x0A>", "b", "<0x00>", "\u00A0"], TrainedFolder.Cut(folder.Model, "a\nb\0\u00A0"));
    }

    [Fact]
    public void A_bytes_name_in_the_corpus_does_not_become_a_second_piece_of_that_name()
    {
        string[] texts = [.. Enumerable.Repeat("<0x0A><0x0A>\n<0x41>", 20)];
        var options = Defaults with { SplitDigits = false };
        TrainedTokenizer trained = TrainedFolder.Train(texts, 10, options);
        Assert.Equal(trained.Pieces.Count, trained.Pieces.Distinct().Count());
        using var folder = new TrainedFolder(trained);
        Assert.Equal("<0x0A>", folder.Model.Decode(folder.Model.Encode("<0x0A>")));
        Assert.Equal(folder.Model.Encode(texts[0]), folder.Json.Encode(texts[0]));
        Assert.Equal(trained.CorpusTokens, texts.Sum(text => folder.Model.Encode(text).Length));
    }

    [Fact]
    public void Reports_progress_up_to_the_whole()
    {
        var reported = new Recorder();
        TrainedFolder.Train(English, 10, progress: reported);
        Assert.Equal(reported.Values.Order(), reported.Values);
        Assert.Equal(1, reported.Values[^1]);
    }

    [Fact]
    public void Can_be_cancelled_while_reading_and_while_learning()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => BytePairTrainer.Train(CancelAfterOne(), Defaults, null, source.Token));
        using var later = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => TrainedFolder.Train(English, 10, null, new Recorder(later.Cancel), later.Token));

        IEnumerable<string> CancelAfterOne()
        {
            yield return "a";
            source.Cancel();
            yield return "b";
            Assert.Fail("It went on reading.");
        }
    }

    private sealed class Recorder(Action? then = null) : IProgress<double>
    {
        public List<double> Values { get; } = [];

        public void Report(double value)
        {
            Values.Add(value);
            then?.Invoke();
        }
    }
}
