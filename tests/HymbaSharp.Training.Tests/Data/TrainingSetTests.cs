using CsCheck;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

public sealed class TrainingSetTests : IDisposable
{
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Long_examples_are_refused_and_counted()
    {
        string path = Texts("a.jsonl", "abc", "abcdefgh", "abcdefghij");

        string message = Assert.Throws<TrainingDataException>(() => _data.Examples(DataFixture.Options(path) with { MaxTokens = 8, BadLines = BadLines.Skip })).Message;

        Assert.Contains("longer than 8 tokens: 2", message);
        Assert.Contains("a.jsonl:2: 11 tokens", message);
    }

    [Fact]
    public void Long_examples_can_be_skipped_or_truncated()
    {
        DataOptions options = DataFixture.Options(Texts("a.jsonl", "abc", "abcdefgh", "ab")) with { MaxTokens = 8 };

        TrainingSet<TrainingExample> skipped = _data.Examples(options with { LongExamples = LongExamples.Skip });
        TrainingSet<TrainingExample> truncated = _data.Examples(options with { LongExamples = LongExamples.Truncate });

        Assert.Equal((2, 1L), (skipped.Count, skipped.Report.LeftOut));
        Assert.Equal((3, 1L, 0L), (truncated.Count, truncated.Report.Truncated, truncated.Report.LeftOut));
        Assert.Equal([1, .. _data.Tokenizer.Encode("abcdef")], truncated[1].Tokens);
        Assert.Equal(truncated.Report.Tokens, Enumerable.Range(0, 3).Sum(i => truncated[i].Tokens.Length));
    }

    [Fact]
    public void What_has_nothing_to_learn_in_its_beginning_is_left_out()
    {
        string path = _data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "abcdef"}, {"role": "assistant", "content": "b"}]}""", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");
        int most = _data.Examples(path)[1].Tokens.Length;

        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { MaxTokens = most, LongExamples = LongExamples.Truncate });

        Assert.Equal((1, 0L), (set.Count, set.Report.Truncated));
        Assert.Equal([("nothing to learn", 1L)], set.Report.Problems.Select(problem => (problem.Reason, problem.Count)));
    }

    [Fact]
    public void A_text_cut_into_pieces_is_learned_whole_each_token_once() =>
        (from text in Gen.Char['a', 'e'].Array[1, 40] from most in Gen.Int[2, 12] select (new string(text), most)).Sample((text, most) =>
        {
            using DataFixture data = new();
            TrainingSet<TrainingExample> set = data.Examples(DataFixture.Options(data.Write("a.txt", text)) with { MaxTokens = most, LongExamples = LongExamples.Split });
            int[] whole = [1, .. data.Tokenizer.Encode(text), 2];

            TrainingExample[] pieces = [.. Enumerable.Range(0, set.Count).Select(i => set[i])];
            Assert.All(pieces, piece => Assert.InRange(piece.Tokens.Length, 2, most));
            Assert.All(pieces, piece => Assert.Equal(piece.Tokens.Length - 1, piece.LearnedCount));
            Assert.Equal(whole.Skip(1), pieces.SelectMany(piece => piece.Tokens.Skip(1)));
            Assert.Equal(whole.Length > most ? 1 : 0, set.Report.Split);
            Assert.Equal(whole.Length - 1, set.Report.LearnedTokens);
        }, iter: 30, threads: 1);

    [Fact]
    public void A_conversation_is_not_cut_into_pieces()
    {
        string path = _data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");

        Assert.Contains("longer than 10 tokens: 1", Assert.Throws<TrainingDataException>(() => _data.Examples(DataFixture.Options(path) with { MaxTokens = 10, LongExamples = LongExamples.Split })).Message);
    }

    [Fact]
    public void An_epoch_passes_every_example_once_in_an_order_of_seed_and_epoch()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", Words(50)), Texts("b.jsonl", Words(30)));

        int[] order = set.Order(0, seed: 7);

        Assert.Equal(80, set.EpochLength);
        Assert.Equal(Enumerable.Range(0, 80), order.Order());
        Assert.NotEqual(order.Order(), order);
        Assert.Equal(order, _data.Examples(_data.PathOf("a.jsonl"), _data.PathOf("b.jsonl")).Order(0, seed: 7));
        Assert.NotEqual(order, set.Order(1, seed: 7));
        Assert.NotEqual(order, set.Order(0, seed: 8));
    }

    [Fact]
    public void The_order_is_the_same_on_every_machine()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", Words(10)));

        Assert.Equal([7, 6, 5, 0, 3, 8, 1, 9, 4, 2], set.Order(0, seed: 1));
        Assert.Equal([9, 0, 5, 1, 4, 2, 6, 8, 3, 7], set.Order(1, seed: 1));
    }

    [Fact]
    public void Every_order_of_three_is_as_likely_as_any()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", Words(3)));

        int[] counts = [.. Enumerable.Range(0, 6000).Select(epoch => string.Join(' ', set.Order(epoch, seed: 3))).CountBy(order => order).Select(order => order.Value)];

        // 1000 expected, standard deviation 29.
        Assert.Equal(6, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void An_epoch_goes_on_from_where_a_run_stopped()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", Words(20)));

        int[][] all = [.. set.Epoch(2, seed: 5).Select(example => example.Tokens)];
        int[][] rest = [.. set.Epoch(2, seed: 5, start: 13).Select(example => example.Tokens)];

        Assert.Equal(20, all.Length);
        Assert.Equal(all[13..], rest);
        Assert.Empty(set.Epoch(2, seed: 5, start: 20));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => set.Epoch(2, seed: 5, start: 21));
    }

    [Fact]
    public void Sources_are_mixed_as_often_as_they_repeat_and_all_of_a_part_get_their_turn()
    {
        TrainingSet<TrainingExample> set = _data.Examples(new DataOptions
        {
            Sources = [new DataSource { Paths = [Texts("a.jsonl", Words(10))], Repeat = 2 }, new DataSource { Paths = [Texts("b.jsonl", Words(20)), Texts("c.jsonl", Words(20))], Repeat = 0.25 }],
        });

        Assert.Equal((50, 30), (set.Count, set.EpochLength));
        HashSet<int> ofSecond = [];
        for (int epoch = 0; epoch < 4; epoch++)
        {
            int[] order = set.Order(epoch, seed: 1);
            Assert.Equal(Enumerable.Repeat(2, 10), order.Where(index => index < 10).CountBy(index => index).Select(index => index.Value));
            int[] second = [.. order.Where(index => index >= 10)];
            Assert.Equal(10, second.Distinct().Count());
            ofSecond.UnionWith(second);
        }
        Assert.Equal(Enumerable.Range(10, 40), ofSecond.Order());
    }

    [Fact]
    public void A_held_out_part_shares_nothing_with_the_rest()
    {
        TrainingSet<TrainingExample> set = _data.Examples(new DataOptions
        {
            Sources = [new DataSource { Paths = [Texts("a.jsonl", Words(30))] }, new DataSource { Paths = [Texts("b.jsonl", [.. Words(10).Select(word => word + "xx")])], Repeat = 3 }],
        });

        (TrainingSet<TrainingExample> training, TrainingSet<TrainingExample> heldOut) = set.Split(0.1, seed: 4);

        Assert.Equal((36, 4), (training.Count, heldOut.Count));
        string[] left = Texts(training), right = Texts(heldOut);
        Assert.Equal(Texts(set).Order(StringComparer.Ordinal), left.Concat(right).Order(StringComparer.Ordinal));
        Assert.Equal(right, Texts(set.Split(0.1, seed: 4).HeldOut));
        Assert.NotEqual(right, Texts(set.Split(0.1, seed: 5).HeldOut));
        int ofSecond = left.Count(text => text.EndsWith("xx", StringComparison.Ordinal));
        Assert.Equal(36 + (2 * ofSecond), training.EpochLength);
        Assert.Equal(Enumerable.Range(0, 36), training.Order(0, seed: 1).Distinct().Order());
    }

    [Fact]
    public void Pieces_of_a_text_stay_on_one_side()
    {
        string path = _data.Write("a.txt", "aaaaaaaaaaaaaaaa", "", "bbbbbbbbbbbbbbbbb", "", "cccccccccccccc");
        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { MaxTokens = 5, LongExamples = LongExamples.Split, DocumentSeparator = "" });

        (TrainingSet<TrainingExample> training, TrainingSet<TrainingExample> heldOut) = set.Split(0.01, seed: 1);

        Assert.Single(Letters(heldOut));
        Assert.Equal(2, Letters(training).Count());
        Assert.Empty(Letters(heldOut).Intersect(Letters(training)));

        IEnumerable<char> Letters(TrainingSet<TrainingExample> part) => Texts(part).SelectMany(text => text).Where(c => c is >= 'a' and <= 'c').Distinct();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_share_that_is_none_is_refused(double share) =>
        Assert.Contains("above 0, below 1", Assert.Throws<TrainingDataException>(() => _data.Examples(Texts("a.jsonl", "a", "b")).Split(share, seed: 1)).Message);

    [Fact]
    public void One_record_cannot_be_parted() =>
        Assert.Contains("only one record", Assert.Throws<TrainingDataException>(() => _data.Examples(Texts("a.jsonl", "a")).Split(0.5, seed: 1)).Message);

    [Fact]
    public void The_fingerprint_tells_data_and_splits_apart()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", Words(9)));
        ulong[] all =
        [
            set.Fingerprint, set.Split(0.3, 1).Training.Fingerprint, set.Split(0.3, 1).HeldOut.Fingerprint, set.Split(0.3, 2).Training.Fingerprint,
            _data.Examples(Texts("b.jsonl", [.. Words(9).Reverse()])).Fingerprint,
            _data.Examples(DataFixture.Options(_data.PathOf("a.jsonl")) with { EndOfTextId = 5 }).Fingerprint,
        ];

        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(set.Fingerprint, _data.Examples(_data.PathOf("a.jsonl")).Fingerprint);
    }

    [Fact]
    public void Many_threads_read_at_once()
    {
        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(Texts("a.jsonl", [.. Words(40).Select(word => word + new string('x', 30))])) with { MaxTokens = 10, LongExamples = LongExamples.Split });
        int[][] expected = [.. Enumerable.Range(0, set.Count).Select(i => set[i].Tokens)];

        _ = Parallel.For(0, 2000, i => Assert.Equal(expected[i * 7 % set.Count], set[i * 7 % set.Count].Tokens));
    }

    [Fact]
    public void A_file_of_which_nothing_is_left_lends_its_place_to_the_next()
    {
        string bad = _data.Write("bad.jsonl", """{"text": ""}""");
        DataOptions options = DataFixture.Options(bad, Texts("a.jsonl", "a", "b"), bad, bad, Texts("b.jsonl", "c"), bad) with { BadLines = BadLines.Skip };

        Assert.Equal(["a", "b", "c"], Texts(_data.Examples(options)));
    }

    [Fact]
    public void An_index_outside_is_refused()
    {
        TrainingSet<TrainingExample> set = _data.Examples(Texts("a.jsonl", "a", "b"));

        _ = Assert.Throws<ArgumentOutOfRangeException>(() => set[2]);
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => set[-1]);
    }

    private string[] Texts(TrainingSet<TrainingExample> set) => [.. Enumerable.Range(0, set.Count).Select(i => _data.Tokenizer.Decode(set[i].Tokens, skipSpecial: true))];

    private string Texts(string name, params string[] texts) => _data.Write(name, [.. texts.Select(text => $"{{\"text\": \"{text}\"}}")]);

    private static string[] Words(int count) => [.. Enumerable.Range(0, count).Select(i => $"{(char)('a' + (i % 26))}{(char)('a' + (i / 26))}")];
}
