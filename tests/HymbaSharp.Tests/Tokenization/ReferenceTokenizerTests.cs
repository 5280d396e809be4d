using System.Text.Json;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class ReferenceTokenizerTests
{
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Case(string Text, int[] Ids, int[] IdsWithBos, string Decoded, string DecodedSkipSpecial);

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    public void Agrees_with_the_published_tokenizer(string file)
    {
        Tokenizer tokenizer = Load(file);
        Case[] cases = JsonSerializer.Deserialize<Case[]>(
            File.ReadAllBytes(TestData.Shared("reference", "tokenizer", "encode_cases.json")), SnakeCase)!;
        Assert.Equal(59, cases.Length);
        foreach (Case expected in cases)
        {
            Assert.Equal(expected.Ids, tokenizer.Encode(expected.Text));
            Assert.Equal(expected.IdsWithBos, tokenizer.Encode(expected.Text, addBos: true));
            Assert.Equal(expected.Decoded, tokenizer.Decode(expected.Ids));
            Assert.Equal(expected.DecodedSkipSpecial, tokenizer.Decode(expected.Ids, skipSpecial: true));
            Assert.Equal(expected.DecodedSkipSpecial, tokenizer.Decode(expected.IdsWithBos, skipSpecial: true));
            Assert.Equal(expected.DecodedSkipSpecial, Incremental.Decode(tokenizer, expected.IdsWithBos, skipSpecial: true));
        }
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    public void Encodes_rendered_chats_as_the_published_tokenizer_does(string file)
    {
        Tokenizer tokenizer = Load(file);
        using var chats = JsonDocument.Parse(File.ReadAllBytes(TestData.Shared("reference", "tokenizer", "chat_cases.json")));
        Assert.Equal(10, chats.RootElement.GetArrayLength());
        foreach (JsonElement chat in chats.RootElement.EnumerateArray())
        {
            int[] ids = [.. chat.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(ids, tokenizer.Encode(chat.GetProperty("rendered").GetString()));
        }
    }

    [Fact]
    public void Both_files_encode_alike()
    {
        Tokenizer model = Load("tokenizer.model"), json = Load("tokenizer.json");
        string text = File.ReadAllText(TestData.Shared("design", "model.md"));
        Assert.Equal(model.Encode(text), json.Encode(text));
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    public void Knows_what_the_published_files_say(string file)
    {
        Tokenizer tokenizer = Load(file);
        Assert.Equal(32001, tokenizer.VocabularySize);
        Assert.Equal((1, 2, 32000, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId, tokenizer.UnknownId));
        Assert.Equal(["<unk>", "<s>", "</s>", "[PAD]"], tokenizer.SpecialTokens.Keys);
        Assert.True(tokenizer.AddBosToken);
        Assert.Contains("<extra_id_1>Assistant", tokenizer.ChatTemplate);
        Assert.Equal("▁Hello", tokenizer.Piece(15043));
        Assert.Equal(" Hello"u8, tokenizer.Bytes(15043));
        Assert.Equal("\n"u8, tokenizer.Bytes(13));
    }

    private static Tokenizer Load(string file)
    {
        string path = TestData.Shared("reference", "hymba-1.5b", file);
        return file == "tokenizer.model" ? Tokenizer.LoadModel(path) : Tokenizer.LoadJson(path);
    }
}
