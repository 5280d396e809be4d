using CsCheck;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class EncodeTests
{
    private static readonly ModelFixture Model = new();

    private static readonly string AddsMarker = $$"""{ "added_tokens_decoder": { "{{Model.Pieces.Count}}": { "content": "{{JsonFixture.Marker}}", "special": false } } }""";

    // The fixture's own characters mostly, so that much joins, and some that have no piece.
    private static readonly Gen<string> Texts = Gen.OneOf("h", "e", "l", "o", "a", "b", "x", "w", " ", "  ", "é", "界", "🙂", "q", "z", "ñ", "𐍈", "hello", "abab").Array[0, 40].Select(string.Concat);

    public static TheoryData<string> Formats => ["model", "json"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Joins_the_best_pair_first(string format)
    {
        Tokenizer tokenizer = Load(format);
        Assert.Equal(["▁hello", "▁▁", "▁w", "o"], Pieces(tokenizer, "hello   wo"));
        // All of ab, ba and aa are as good: the leftmost joins first.
        Assert.Equal(["▁", "abab", "ab"], Pieces(tokenizer, "ababab"));
        Assert.Equal(["▁", "xxxx", "xx", "x"], Pieces(tokenizer, "xxxxxxx"));
        // A piece may cross a space.
        Assert.Equal(["▁a", "▁", "b▁a"], Pieces(tokenizer, "a b a"));
    }

    [Fact]
    public void Agrees_with_plain_merging_by_score()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel();
        Dictionary<string, float> scores = ModelFixture.Joined.ToDictionary(piece => piece.Text, piece => piece.Score);
        Texts.Sample(text =>
            Assert.Equal(MergePlainly(text, (left, right) => scores.TryGetValue(left + right, out float score) ? -score : null), Pieces(tokenizer, text)), iter: 1000);
    }

    [Fact]
    public void Agrees_with_plain_merging_by_rank()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadJson();
        Texts.Sample(text => Assert.Equal(
            MergePlainly(text, (left, right) => Array.IndexOf(JsonFixture.Merges, (left, right)) is >= 0 and int rank ? rank : null), Pieces(tokenizer, text)), iter: 1000);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Decoding_gives_back_any_text(string format)
    {
        Tokenizer tokenizer = Load(format);
        Gen.OneOf(Texts, Gen.String.Select(text => string.Concat(text.EnumerateRunes()).Replace('▁', '_'))).Sample(text =>
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, parseSpecial: false)));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addBos: true, parseSpecial: false), skipSpecial: true));
        });
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_character_without_a_piece_becomes_its_bytes(string format)
    {
        Assert.Equal(["▁", "<0xC3>", "<0xB1>", "a", "<0xF0>", "<0x90>", "<0x8D>", "<0x88>"], Pieces(Load(format), "ña𐍈"));
    }

    [Fact]
    public void Characters_without_a_piece_join_inside_one_that_has()
    {
        Assert.Equal(["▁", "qzx"], Pieces(TokenizerFolder.LoadModel(), "qzx"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Half_a_surrogate_pair_is_a_replacement_character(string format)
    {
        Tokenizer tokenizer = Load(format);
        Assert.Equal(tokenizer.Encode("a\uFFFDb\uFFFD"), tokenizer.Encode("a\uD83Db\uDE42"));
    }

    [Fact]
    public void Neighbouring_unknown_characters_are_one_unknown_token()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel(ModelFixture.WithoutBytes());
        Assert.Equal(["▁", "<unk>", "a", "<unk>", "<unk>"], Pieces(tokenizer, "ññañ<unk>"));
        Tokenizer json = TokenizerFolder.LoadJson(root =>
        {
            root["model"]!["byte_fallback"] = false;
            ((System.Text.Json.Nodes.JsonArray)root["decoder"]!["decoders"]!).RemoveAt(1);
        });
        Assert.Equal(["▁", "<unk>", "a", "<unk>"], Pieces(json, "ññañ"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Special_tokens_split_the_text_and_each_part_has_its_own_prefix(string format)
    {
        Tokenizer tokenizer = Load(format);
        Assert.Equal(["<s>", "▁hello", "</s>", "<|mark|>", "▁▁", "a", "<unk>"], Pieces(tokenizer, "<s>hello</s><|mark|> a<unk>"));
        Assert.Equal([], tokenizer.Encode(""));
        Assert.Equal([1], tokenizer.Encode("", addBos: true));
        Assert.Equal([1, 1], tokenizer.Encode("<s>", addBos: true));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Special_tokens_are_plain_text_on_request(string format)
    {
        Tokenizer tokenizer = Load(format);
        int[] ids = tokenizer.Encode("a</s><|mark|>", parseSpecial: false);
        Assert.DoesNotContain(2, ids);
        Assert.Equal("a</s><|mark|>", tokenizer.Decode(ids));
        // Not special, only added: it cannot steer the model.
        Assert.Equal("<|mark|>", tokenizer.Piece(ids[^1]));
    }

    [Fact]
    public void The_longest_of_several_added_tokens_wins()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel(config: $$"""{ "added_tokens_decoder": { "{{Model.Pieces.Count}}": { "content": "<x" }, "{{Model.Pieces.Count + 1}}": { "content": "<x>" }, "{{Model.Pieces.Count + 2}}": { "content": "x>" } } }""");
        Assert.Equal(["<x>", "<x", "x>"], Pieces(tokenizer, "<x><xx>"));
    }

    [Fact]
    public void Adds_no_prefix_where_the_file_says_so()
    {
        Tokenizer model = TokenizerFolder.LoadModel(new ModelFixture { AddDummyPrefix = false });
        Tokenizer json = TokenizerFolder.LoadJson(root =>
        {
            ((System.Text.Json.Nodes.JsonArray)root["normalizer"]!["normalizers"]!).RemoveAt(0);
            ((System.Text.Json.Nodes.JsonArray)root["decoder"]!["decoders"]!).RemoveAt(3);
        });
        foreach (Tokenizer tokenizer in (Tokenizer[])[model, json])
        {
            Assert.Equal(["ab"], Pieces(tokenizer, "ab"));
            Assert.Equal(" ab", tokenizer.Decode(tokenizer.Encode(" ab")));
        }
    }

    [Fact]
    public void Asking_for_a_bos_that_is_not_there_is_the_callers_error()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel(config: """{ "bos_token": null }""");
        Assert.False(tokenizer.AddBosToken);
        Assert.Throws<InvalidOperationException>(() => tokenizer.Encode("a", addBos: true));
    }

    // Merging that rescans after each merge would take hours on these.
    [Theory]
    [InlineData("x", "xxxx")]
    [InlineData("ab", "abab")]
    [InlineData(" ", "▁▁▁▁")]
    [InlineData("🙂", "🙂🙂")]
    [InlineData("ñ", null)]
    [InlineData("<s>", "<s>")]
    [InlineData("<", null)]
    public void Long_repeats_are_encoded_in_linear_work(string unit, string? commonest)
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel();
        string text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        int[] ids = tokenizer.Encode(text);
        Assert.Equal(text, tokenizer.Decode(ids));
        if (commonest is not null)
            Assert.True(ids.Count(id => tokenizer.Piece(id) == commonest) >= text.Length / commonest.Length - 1);
    }

    private static Tokenizer Load(string format) =>
        format == "model" ? TokenizerFolder.LoadModel(Model, AddsMarker) : TokenizerFolder.LoadJson();

    private static string[] Pieces(Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(tokenizer.Piece)];

    /// <summary>The definition, word for word: while any neighbours join, join the cheapest, the leftmost among equals.</summary>
    private static List<string> MergePlainly(string text, Func<string, string, float?> cost)
    {
        List<string> symbols = text == "" ? [] : [.. $"▁{text.Replace(' ', '▁')}".EnumerateRunes().Select(character => character.ToString())];
        while (true)
        {
            var best = symbols.Zip(symbols.Skip(1), cost).Index().Where(pair => pair.Item is not null).OrderBy(pair => pair.Item).ThenBy(pair => pair.Index).FirstOrDefault((-1, null));
            if (best.Item1 < 0)
                break;
            symbols[best.Item1] += symbols[best.Item1 + 1];
            symbols.RemoveAt(best.Item1 + 1);
        }
        return [.. symbols.SelectMany(symbol => Model.Id(symbol) >= 0 ? [symbol] : System.Text.Encoding.UTF8.GetBytes(symbol).Select(value => $"<0x{value:X2}>"))];
    }
}
