using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class JsonRefusalTests
{
    [Theory]
    [InlineData("/model/type", "\"Unigram\"", "model type is \"Unigram\"; allowed: \"BPE\"")]
    [InlineData("/model/dropout", "0.1", "model dropout is 0.1; allowed: null")]
    [InlineData("/model/ignore_merges", "true", "model ignore_merges is true; allowed: false")]
    [InlineData("/model/end_of_word_suffix", "\"</w>\"", "model end_of_word_suffix is")]
    [InlineData("/model/continuing_subword_prefix", "\"##\"", "model continuing_subword_prefix is")]
    [InlineData("/model/unk_token", "\"none\"", "model unk_token is \"none\"; allowed: a token of the vocabulary")]
    [InlineData("/model/unk_token", "5", "model unk_token is 5; allowed: a string")]
    [InlineData("/model/byte_fallback", "1", "model byte_fallback is 1; allowed: true or false")]
    [InlineData("/model/byte_fallback", "false", "decoder is")]
    [InlineData("/model/vocab", "[]", "model vocab is []")]
    [InlineData("/model/vocab", "{}", "model unk_token is")]
    [InlineData("/model/vocab/ab", "-1", "model vocab is -1; allowed: an id")]
    [InlineData("/model/vocab/ab", "1.5", "is 1.5; allowed: an id")]
    [InlineData("/model/vocab/ab", "5", "both have the id 5")]
    [InlineData("/model/vocab/ab", "2147483647", "ab has the id 2147483647; the 296 tokens must have the ids 0 to 295")]
    [InlineData("/model/vocab/", "296", "has an empty token")]
    [InlineData("/model/vocab/<0x41>", null, "lacks <0x41>")]
    [InlineData("/model/merges", "{}", "model merges is {}; allowed: a list")]
    [InlineData("/model/merges/3", "\"a  b\"", "model merges [3] is \"a  b\"; allowed: two tokens")]
    [InlineData("/model/merges/3", "\"ab\"", "model merges [3] is \"ab\"")]
    [InlineData("/model/merges/3", "[\"a\", \"b\", \"a\"]", "model merges [3] is")]
    [InlineData("/model/merges/3", "[\"h\", \"h\"]", "model merges [3] is")]
    [InlineData("/model/merges/3", "7", "model merges [3] is 7; allowed: a string")]
    [InlineData("/model/merges/3", "\"▁ h\"", "allowed: each pair once")]
    [InlineData("/model", "null", "model is absent")]
    [InlineData("/normalizer", "null", "normalizer is absent")]
    [InlineData("/normalizer", "{\"type\": \"NFKC\"}", "normalizer is {\"type\":\"NFKC\"}; allowed: Prepend")]
    [InlineData("/normalizer/normalizers", "[]", "normalizer is")]
    [InlineData("/normalizer/normalizers/1/content", "\"_\"", "normalizer is")]
    [InlineData("/normalizer/normalizers/1/pattern", "{\"Regex\": \" \"}", "normalizer is")]
    [InlineData("/pre_tokenizer", "{\"type\": \"Metaspace\"}", "pre_tokenizer is {\"type\":\"Metaspace\"}; allowed: null")]
    [InlineData("/decoder", "null", "decoder is absent")]
    [InlineData("/decoder", "{\"type\": \"ByteLevel\"}", "decoder is {\"type\":\"ByteLevel\"}; allowed: Replace")]
    [InlineData("/decoder/decoders/3/start", "2", "decoder is")]
    [InlineData("/decoder/decoders/2/type", "\"WordPiece\"", "decoder is")]
    [InlineData("/post_processor", "{\"type\": \"ByteLevel\"}", "post_processor is {\"type\":\"ByteLevel\"}; allowed: TemplateProcessing")]
    [InlineData("/post_processor/single/0", "{\"Sequence\": {\"id\": \"A\"}}", "post_processor is")]
    [InlineData("/post_processor/single/0/SpecialToken/id", "\"<none>\"", "bos_token is <none>, which is not in the vocabulary")]
    [InlineData("/added_tokens/3/lstrip", "true", "added_tokens [3] lstrip is true; allowed: false")]
    [InlineData("/added_tokens/3/rstrip", "true", "added_tokens [3] rstrip is true")]
    [InlineData("/added_tokens/3/single_word", "true", "added_tokens [3] single_word is true")]
    [InlineData("/added_tokens/3/normalized", "true", "added_tokens [3] normalized is true")]
    [InlineData("/added_tokens/3/content", "\"\"", "is empty")]
    [InlineData("/added_tokens/3/content", "\"ab\"", "ab has the ids")]
    [InlineData("/added_tokens/3/id", "297", "must have the ids 0 to 295")]
    [InlineData("/added_tokens/3/id", "3", "both have the id 3")]
    public void Refuses_what_is_not_supported_by_name(string pointer, string? value, string message)
    {
        var refusal = Assert.Throws<TokenizerException>(() => TokenizerFolder.LoadJson(json => Set(json, pointer, value)));
        Assert.Contains(message, refusal.Message);
        Assert.Contains("tokenizer.json", refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("version https://git-lfs.github.com/spec/v1")]
    [InlineData("{\"model\": {}, \"model\": {}}")]
    [InlineData("{\"model\": {\"type\": \"\\ud800\"}}")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\udc00\": 0}}}")]
    public void Refuses_what_is_not_json(string json)
    {
        using var folder = new TokenizerFolder();
        Assert.Contains("tokenizer.json", Assert.Throws<TokenizerException>(() => folder.LoadJson(Encoding.UTF8.GetBytes(json))).Message);
    }

    [Fact]
    public void Refuses_deep_nesting()
    {
        using var folder = new TokenizerFolder();
        byte[] json = Encoding.UTF8.GetBytes("{\"model\":" + new string('[', 1_000_000));
        Assert.Throws<TokenizerException>(() => folder.LoadJson(json));
    }

    [Fact]
    public void Needs_an_unknown_token_where_bytes_are_no_way_out()
    {
        var refusal = Assert.Throws<TokenizerException>(() => TokenizerFolder.LoadJson(json =>
        {
            json["model"]!["byte_fallback"] = false;
            json["model"]!["unk_token"] = null;
        }));
        Assert.Contains("unk_token is absent", refusal.Message);
    }

    [Fact]
    public void Fills_gaps_of_the_vocabulary_from_the_added_tokens()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadJson(json => ((JsonObject)json["model"]!["vocab"]!).Remove("</s>"));
        Assert.Equal([2], tokenizer.Encode("</s>"));
    }

    private static void Set(JsonObject root, string pointer, string? value)
    {
        string[] keys = pointer.Split('/')[1..];
        JsonNode parent = root;
        foreach (string key in keys[..^1])
            parent = parent is JsonArray list ? list[int.Parse(key)]! : parent[key]!;
        JsonNode? node = value is null ? null : JsonNode.Parse(value);
        if (parent is JsonArray array)
            array[int.Parse(keys[^1])] = node;
        else if (value is null)
            Assert.True(((JsonObject)parent).Remove(keys[^1]));
        else
            parent[keys[^1]] = node;
    }
}
