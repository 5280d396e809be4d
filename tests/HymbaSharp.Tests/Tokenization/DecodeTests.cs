using System.Text;
using CsCheck;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class DecodeTests
{
    private static readonly ModelFixture Model = new();
    private static readonly Tokenizer Tokenizer = TokenizerFolder.LoadModel(Model);

    [Fact]
    public void Drops_the_one_leading_space_that_encoding_added()
    {
        int[] ids = [Model.Id("▁▁"), Model.Id("▁hello")];
        Assert.Equal("  hello", Tokenizer.Decode(ids));
        Assert.Equal("   hello", Tokenizer.Decode(ids, continuesText: true));
        Assert.Equal("<s>   hello", Tokenizer.Decode([1, .. ids]));
        Assert.Equal("  hello", Tokenizer.Decode([1, .. ids], skipSpecial: true));
        Assert.Equal("", Tokenizer.Decode([]));
    }

    [Fact]
    public void A_continued_text_is_the_whole_text()
    {
        int[] ids = Tokenizer.Encode("hello hello");
        Assert.Equal("hello hello", Tokenizer.Decode(ids.AsSpan(..1)) + Tokenizer.Decode(ids.AsSpan(1..), continuesText: true));
    }

    [Theory]
    [InlineData(new byte[] { 0xE7, 0x95, 0x8C }, "界")]
    [InlineData(new byte[] { 0xE7, 0x95 }, "\uFFFD\uFFFD")]
    [InlineData(new byte[] { 0xE7, 0x95, 0x41 }, "\uFFFD\uFFFDA")]
    [InlineData(new byte[] { 0xE7, 0xE7, 0x95, 0x8C, 0x80 }, "\uFFFD界\uFFFD")]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x99, 0xF0, 0x9F, 0x99, 0x82 }, "\uFFFD\uFFFD\uFFFD🙂")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, "\uFFFD\uFFFD\uFFFD")] // half a surrogate pair
    [InlineData(new byte[] { 0xC0, 0x80 }, "\uFFFD\uFFFD")] // overlong
    [InlineData(new byte[] { 0xF5, 0xFF }, "\uFFFD\uFFFD")]
    public void Each_byte_of_no_character_is_one_replacement_character(byte[] bytes, string expected)
    {
        int[] ids = [.. bytes.Select(value => Model.Id($"<0x{value:X2}>"))];
        Assert.Equal(expected, Tokenizer.Decode(ids));
        Assert.Equal(expected, Incremental.Decode(Tokenizer, ids));
        Assert.Equal(expected + "a", Tokenizer.Decode([.. ids, Model.Id("a")]));
        Assert.Equal(expected + "a", Incremental.Decode(Tokenizer, [.. ids, Model.Id("a")]));
    }

    [Fact]
    public void Incremental_decoding_adds_up_to_the_whole()
    {
        // Ids as they come, and runs of bytes in which characters may be sound, cut off or broken.
        var bytes = Gen.OneOf(Gen.Byte, Gen.OneOf<byte>(0xF0, 0x9F, 0x99, 0x82, 0xC3, 0xA9, 0xE2, 0x96, 0x81, 0x20)).Select(value => Model.Id($"<0x{value:X2}>"));
        Gen.Select(Gen.OneOf(Gen.Int[0, Tokenizer.VocabularySize - 1], bytes).Array[0, 40], Gen.Bool, Gen.Bool)
            .Sample((ids, skipSpecial, continuesText) =>
                Assert.Equal(Tokenizer.Decode(ids, skipSpecial, continuesText), Incremental.Decode(Tokenizer, ids, skipSpecial, continuesText)), iter: 5000);
    }

    [Fact]
    public void A_character_appears_with_its_last_byte()
    {
        foreach (string character in (string[])["é", "界", "🙂", "\u0800", "\uFFFF", "\U0010FFFF"])
        {
            var decoder = new IncrementalDecoder(Tokenizer);
            Assert.Equal("a", decoder.Append(Model.Id("a")));
            byte[] bytes = Encoding.UTF8.GetBytes(character);
            foreach (byte value in bytes[..^1])
                Assert.Equal("", decoder.Append(Model.Id($"<0x{value:X2}>")));
            Assert.Equal(character, decoder.Append(Model.Id($"<0x{bytes[^1]:X2}>")));
            Assert.Equal("", decoder.Flush());
        }
    }

    [Fact]
    public void A_flushed_decoder_begins_anew()
    {
        var decoder = new IncrementalDecoder(Tokenizer);
        Assert.Equal("hello", decoder.Append(Model.Id("▁hello")));
        Assert.Equal(" hello", decoder.Append(Model.Id("▁hello")));
        Assert.Equal("", decoder.Append(Model.Id("<0xF0>")));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("hello", decoder.Append(Model.Id("▁hello")));
    }

    [Fact]
    public void Tokens_longer_than_the_buffer_are_decoded()
    {
        string name = new('n', 10_000);
        Tokenizer tokenizer = TokenizerFolder.LoadModel(config: $$"""{ "added_tokens_decoder": { "{{Model.Pieces.Count}}": { "content": "{{name}}" } } }""");
        Assert.Equal(name + name, Incremental.Decode(tokenizer, [Model.Pieces.Count, Model.Pieces.Count]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(295)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void An_id_outside_the_vocabulary_is_the_callers_error(int id)
    {
        Assert.Equal(295, Tokenizer.VocabularySize);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([id]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([id], skipSpecial: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Piece(id));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Bytes(id).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.IsSpecial(id));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IncrementalDecoder(Tokenizer, skipSpecial: true).Append(id));
    }

    [Fact]
    public void Bytes_and_pieces_say_what_a_token_is()
    {
        Assert.Equal(" hello"u8, Tokenizer.Bytes(Model.Id("▁hello")));
        Assert.Equal([(byte)0xF0], Tokenizer.Bytes(Model.Id("<0xF0>")));
        Assert.Equal("</s>"u8, Tokenizer.Bytes(2));
        Assert.Equal("<0xF0>", Tokenizer.Piece(Model.Id("<0xF0>")));
        Assert.True(Tokenizer.IsSpecial(2));
        Assert.False(Tokenizer.IsSpecial(Model.Id("<0xF0>")));
    }
}
