using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

public sealed class TokenizerConfigTests
{
    [Fact]
    public void Without_a_configuration_the_tokenizer_file_decides()
    {
        Tokenizer model = TokenizerFolder.LoadModel();
        Assert.Equal((1, 2, null, 0), (model.BosId, model.EosId, model.PadId, model.UnknownId));
        Assert.True(model.AddBosToken);
        Assert.Null(model.ChatTemplate);
        Assert.Equal(["<unk>", "<s>", "</s>"], model.SpecialTokens.Keys);

        Tokenizer json = TokenizerFolder.LoadJson();
        Assert.Equal((1, null, null, 0), (json.BosId, json.EosId, json.PadId, json.UnknownId));
        Assert.True(json.AddBosToken);
        Assert.False(TokenizerFolder.LoadJson(root => root["post_processor"] = null).AddBosToken);
    }

    [Fact]
    public void Names_come_from_the_configuration_then_from_the_map()
    {
        using var folder = new TokenizerFolder();
        folder.Write("special_tokens_map.json", """{ "bos_token": "ab", "eos_token": { "content": "</s>" }, "pad_token": "ab" }""");
        Tokenizer tokenizer = folder.LoadModel(new ModelFixture().Write(), """{ "bos_token": "</s>", "pad_token": null, "add_bos_token": false }""");
        Assert.Equal((2, 2, null), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.False(tokenizer.AddBosToken);
    }

    [Fact]
    public void A_named_token_is_special()
    {
        Tokenizer tokenizer = TokenizerFolder.LoadModel(config: """{ "pad_token": "[PAD]", "added_tokens_decoder": { "295": { "content": "[PAD]" } } }""");
        Assert.Equal(295, tokenizer.PadId);
        Assert.Equal([295], tokenizer.Encode("[PAD]"));
        Assert.Equal("", tokenizer.Decode([295], skipSpecial: true));
    }

    [Fact]
    public void Added_tokens_may_come_from_their_own_file()
    {
        using var folder = new TokenizerFolder();
        folder.Write("added_tokens.json", """{ "[PAD]": 295 }""");
        Tokenizer tokenizer = folder.LoadModel(new ModelFixture().Write());
        Assert.Equal([295], tokenizer.Encode("[PAD]"));
        Assert.False(tokenizer.IsSpecial(295));
    }

    [Theory]
    [InlineData("""{ "chat_template": "{{ a }}" }""", "{{ a }}")]
    [InlineData("""{ "chat_template": [ { "name": "tool_use", "template": "t" }, { "name": "default", "template": "d" } ] }""", "d")]
    [InlineData("""{ "chat_template": [ { "name": "tool_use", "template": "t" } ] }""", null)]
    [InlineData("""{ "chat_template": null }""", null)]
    public void Finds_the_chat_template(string config, string? template) =>
        Assert.Equal(template, TokenizerFolder.LoadModel(config: config).ChatTemplate);

    [Fact]
    public void A_template_file_goes_before_the_configuration()
    {
        using var folder = new TokenizerFolder();
        folder.Write("chat_template.jinja", "from the file: ▁");
        Assert.Equal("from the file: ▁", folder.LoadModel(new ModelFixture().Write(), """{ "chat_template": "other" }""").ChatTemplate);
        folder.Write("chat_template.jinja", [0xFF]);
        Assert.Throws<TokenizerException>(() => folder.LoadModel(new ModelFixture().Write()));
    }

    [Theory]
    [InlineData("""{ "legacy": false }""", "legacy is false; allowed: true")]
    [InlineData("""{ "add_eos_token": true }""", "add_eos_token is true; allowed: false")]
    [InlineData("""{ "clean_up_tokenization_spaces": true }""", "clean_up_tokenization_spaces is true; allowed: false")]
    [InlineData("""{ "spaces_between_special_tokens": true }""", "spaces_between_special_tokens is true")]
    [InlineData("""{ "split_special_tokens": true }""", "split_special_tokens is true")]
    [InlineData("""{ "sp_model_kwargs": { "enable_sampling": true } }""", "sp_model_kwargs is")]
    [InlineData("""{ "add_prefix_space": false }""", "add_prefix_space is false")]
    [InlineData("""{ "bos_token": null, "add_bos_token": true }""", "add_bos_token is true, but there is no bos_token")]
    [InlineData("""{ "bos_token": "<none>" }""", "bos_token is <none>, which is not in the vocabulary")]
    [InlineData("""{ "bos_token": 1 }""", "bos_token is 1; allowed: a string")]
    [InlineData("""{ "chat_template": 1 }""", "chat_template is 1; allowed: a string")]
    [InlineData("""{ "added_tokens_decoder": { "x": { "content": "y" } } }""", "added_tokens_decoder x")]
    [InlineData("""{ "added_tokens_decoder": { "300": { "content": "y" } } }""", "y has the id 300; the 296 tokens must have the ids 0 to 295")]
    [InlineData("""{ "added_tokens_decoder": { "1": { "content": "<S>" } } }""", "both have the id 1")]
    [InlineData("""{ "added_tokens_decoder": { "295": { "content": "y", "lstrip": true } } }""", "lstrip is true; allowed: false")]
    [InlineData("""{ "added_tokens_decoder": [] }""", "added_tokens_decoder is []; allowed: an object")]
    [InlineData("[]", "is []; allowed: an object")]
    [InlineData("", "is not valid JSON")]
    public void Refuses_what_is_not_supported_by_name(string config, string message) =>
        Assert.Contains(message, Assert.Throws<TokenizerException>(() => TokenizerFolder.LoadModel(config: config)).Message);

    [Fact]
    public void A_folder_gives_the_model_file_precedence()
    {
        using var folder = new TokenizerFolder();
        Assert.Contains("neither tokenizer.model nor tokenizer.json", Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder.Path)).Message);
        folder.Write("tokenizer.json", JsonFixture.Create().ToJsonString());
        Assert.Equal(296, Tokenizer.Load(folder.Path).VocabularySize);
        folder.Write("tokenizer.model", new ModelFixture().Write());
        Assert.Equal(295, Tokenizer.Load(folder.Path).VocabularySize);
    }

    [Fact]
    public void Refuses_a_file_that_cannot_be_read()
    {
        using var folder = new TokenizerFolder();
        Assert.Throws<TokenizerException>(() => Tokenizer.LoadModel(Path.Combine(folder.Path, "absent.model")));
        Assert.Throws<TokenizerException>(() => Tokenizer.LoadJson(folder.Path));
        string huge = folder.Write("huge.model", []);
        using (FileStream file = File.OpenWrite(huge))
            file.SetLength(1L << 33);
        Assert.Contains("at most", Assert.Throws<TokenizerException>(() => Tokenizer.LoadModel(huge)).Message);
    }
}
