using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class ModelRefusalTests
{
    public static TheoryData<string, string> Unsupported => new()
    {
        { nameof(ModelFixture.ModelType), "model_type is 1; supported: 2 (BPE)" },
        { nameof(ModelFixture.WhitespaceAsSuffix), "treat_whitespace_as_suffix is true; supported: false" },
        { nameof(ModelFixture.CharacterMap), "normalizer_spec precompiled_charsmap has 3 bytes" },
        { nameof(ModelFixture.DenormalizerMap), "denormalizer_spec precompiled_charsmap has 3 bytes" },
        { nameof(ModelFixture.RemoveExtraWhitespaces), "remove_extra_whitespaces is true; supported: false" },
        { nameof(ModelFixture.EscapeWhitespaces), "escape_whitespaces is false; supported: true" },
        { nameof(ModelFixture.BosId), "bos_id is 5; allowed: the id of a control piece" },
        { nameof(ModelFixture.ByteFallback), "has 256 pieces of type 6 (byte); allowed: none, as byte_fallback is false" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void Refuses_what_is_not_supported_by_name(string property, string message)
    {
        ModelFixture model = property switch
        {
            nameof(ModelFixture.ModelType) => new() { ModelType = 1 },
            nameof(ModelFixture.WhitespaceAsSuffix) => new() { WhitespaceAsSuffix = true },
            nameof(ModelFixture.CharacterMap) => new() { CharacterMap = [1, 2, 3] },
            nameof(ModelFixture.DenormalizerMap) => new() { DenormalizerMap = [1, 2, 3] },
            nameof(ModelFixture.RemoveExtraWhitespaces) => new() { RemoveExtraWhitespaces = true },
            nameof(ModelFixture.EscapeWhitespaces) => new() { EscapeWhitespaces = false },
            nameof(ModelFixture.BosId) => new() { BosId = 5 },
            _ => new() { ByteFallback = false },
        };
        AssertRefused(model, message);
    }

    [Theory]
    [InlineData("lo", -1f, ModelFixture.Normal, "are both lo")]
    [InlineData("<s>", -1f, ModelFixture.Normal, "are both <s>")]
    [InlineData("", -1f, ModelFixture.Normal, "piece 295 has 0 characters; allowed: 1 to 256")]
    [InlineData("new", float.NaN, ModelFixture.Normal, "has the score NaN")]
    [InlineData("new", -1f, ModelFixture.UserDefined, "piece 295, new, has type 4")]
    [InlineData("new", -1f, ModelFixture.Unused, "has type 5")]
    [InlineData("new", -1f, 77, "has type 77")]
    [InlineData("new", -1f, ModelFixture.Unknown, "has 2 pieces of type 2 (unknown)")]
    [InlineData("new", -1f, ModelFixture.Byte, "has 257 pieces of type 6 (byte); allowed: the 256 from <0x00> to <0xFF>")]
    public void Refuses_a_piece_that_cannot_be_right(string text, float score, int type, string message)
    {
        var model = new ModelFixture();
        model.Pieces.Add((text, score, type));
        AssertRefused(model, message);
    }

    [Fact]
    public void Refuses_an_overlong_piece()
    {
        var model = new ModelFixture();
        model.Pieces.Add((new string('a', 257), -1, ModelFixture.Normal));
        AssertRefused(model, "has 257 characters");
    }

    [Fact]
    public void Refuses_byte_fallback_without_all_bytes()
    {
        var missing = new ModelFixture();
        missing.Pieces.RemoveAll(piece => piece.Text == "<0x41>");
        AssertRefused(missing, "lacks <0x41>");
        missing.Pieces.Add(("<0x4a>", 0, ModelFixture.Byte));
        AssertRefused(missing, "lacks <0x41>");

        // A normal piece that is spelled like a byte's is not the byte.
        missing.Pieces.Add(("<0x41>", -1, ModelFixture.Normal));
        AssertRefused(missing, "lacks <0x41>");
    }

    [Fact]
    public void Refuses_a_model_without_pieces() => AssertRefused(ModelFixture.Message(2, ModelFixture.Varint(3, 2)).Concat(ModelFixture.Message(3, ModelFixture.Varint(4, 0))).ToArray(), "has 0 pieces of type 2 (unknown)");

    [Theory]
    [InlineData(new byte[] { 0x0A }, "a varint has no end")]
    [InlineData(new byte[] { 0x0A, 0x80, 0x80 }, "a varint has no end")]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 }, "a varint has no end within 10 bytes")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A }, "a value of 5 bytes was announced, 1 are left")]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 }, "a value of 18446744073709551615 bytes was announced")]
    [InlineData(new byte[] { 0x08, 0x01 }, "field 1, 1 bytes in: wire type 0; it must be length-delimited")]
    [InlineData(new byte[] { 0x0A, 0x02, 0x10, 0x01 }, "piece 0 is damaged: field 2, 1 bytes in: wire type 0; it must be 32 bits")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0xFF }, "piece 0 is not valid UTF-8")]
    [InlineData(new byte[] { 0x12, 0x02, 0x1A, 0x00 }, "trainer_spec is damaged: field 3, 1 bytes in: wire type 2; it must be a varint")]
    [InlineData(new byte[] { 0x33 }, "wire type 3 is not supported")]
    [InlineData(new byte[] { 0x02, 0x00 }, "field number 0")]
    [InlineData(new byte[] { 0x31, 1, 2, 3 }, "a value of 8 bytes was announced, 3 are left")]
    public void Refuses_malformed_protobuf(byte[] model, string message) => AssertRefused(model, message);

    [Fact]
    public void Unknown_fields_of_every_wire_type_are_passed_over()
    {
        byte[] unknown = [.. ModelFixture.Varint(200, -1), .. ModelFixture.Single(201, 1), .. ModelFixture.Message(202, "future"u8), 0xD1, 0x0C, 1, 2, 3, 4, 5, 6, 7, 8];
        using var folder = new TokenizerFolder();
        Assert.Equal("ab", folder.LoadModel([.. unknown, .. new ModelFixture().Write(), .. unknown]).Decode([new ModelFixture().Id("ab")]));
    }

    private static void AssertRefused(ModelFixture model, string message) => AssertRefused(model.Write(), message);

    private static void AssertRefused(byte[] model, string message)
    {
        using var folder = new TokenizerFolder();
        var refusal = Assert.Throws<TokenizerException>(() => folder.LoadModel(model));
        Assert.Contains(message, refusal.Message);
        Assert.Contains("tokenizer.model", refusal.Message);
    }
}
