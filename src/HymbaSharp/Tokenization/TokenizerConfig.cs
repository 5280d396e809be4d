using System.Globalization;
using System.Text.Json;

namespace HymbaSharp.Tokenization;

/// <summary>What the files beside the tokenizer's own say: tokenizer_config.json, special_tokens_map.json, added_tokens.json, chat_template.jinja. All are optional.</summary>
internal sealed class TokenizerConfig
{
    private const string ConfigFile = "tokenizer_config.json";

    // Keys that change what text encodes or decodes to, with the only value supported.
    private static readonly (string Key, bool Supported)[] Switches =
    [
        ("legacy", true),
        ("add_eos_token", false),
        ("clean_up_tokenization_spaces", false),
        ("spaces_between_special_tokens", false),
        ("split_special_tokens", false),
    ];

    private readonly Dictionary<string, string?> _namedTokens = [];
    private readonly List<AddedToken> _addedTokens = [];

    public IReadOnlyList<AddedToken> AddedTokens => _addedTokens;

    public bool? AddsBos { get; private set; }

    /// <summary>tokenizer_config.json's word on the leading space; only ever agreeing with the tokenizer's own file.</summary>
    public bool? AddsPrefix { get; private set; }

    public string? ChatTemplate { get; private set; }

    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig();
        ReadIfPresent(folder, ConfigFile, config.ReadConfig);
        ReadIfPresent(folder, "special_tokens_map.json", config.ReadNamedTokens);
        ReadIfPresent(folder, "added_tokens.json", config.ReadAddedTokens);
        string template = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(template))
        {
            if (!Utf8Text.TryDecode(TokenizerFile.Read(template), out string text))
                throw new TokenizerException($"{template} is not valid UTF-8.");
            config.ChatTemplate = text;
        }
        return config;
    }

    /// <summary>The token named under <paramref name="key"/> ("bos_token"), null where none is, or <paramref name="otherwise"/> where the files don't say.</summary>
    public string? NamedToken(string key, string? otherwise) => _namedTokens.TryGetValue(key, out string? content) ? content : otherwise;

    private static void ReadIfPresent(string folder, string name, Action<JsonValue> read)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
            return;
        JsonValue.Read(TokenizerFile.Read(path), path, root =>
        {
            read(root);
            return true;
        });
    }

    private void ReadConfig(JsonValue root)
    {
        foreach ((string key, bool supported) in Switches)
        {
            if (root.Find(key) is { } value && value.AsBoolean() != supported)
                throw value.Refused(supported ? "true" : "false");
        }
        if (root.Find("sp_model_kwargs") is { } options && options.Members().Any())
            throw options.Refused("{}");

        AddsBos = root.Find("add_bos_token")?.AsBoolean();
        AddsPrefix = root.Find("add_prefix_space")?.AsBoolean();
        ReadNamedTokens(root);
        foreach ((string key, JsonValue token) in root.Find("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw new TokenizerException($"{token.Path}: the key is not an id, 0 or more.");
            _addedTokens.Add(AddedToken.Read(token, id));
        }
        ChatTemplate = ReadChatTemplate(root.Find("chat_template"));
    }

    // The first file that has a key decides; null says that there is no such token.
    private void ReadNamedTokens(JsonValue root)
    {
        foreach (string key in (ReadOnlySpan<string>)["bos_token", "eos_token", "pad_token", "unk_token"])
        {
            if (root.Element.TryGetProperty(key, out _))
            {
                JsonValue? token = root.Find(key);
                _namedTokens.TryAdd(key, token?.Element.ValueKind == JsonValueKind.Object ? token.Value.Get("content").AsString() : token?.AsString());
            }
        }
    }

    private void ReadAddedTokens(JsonValue root)
    {
        foreach ((string content, JsonValue id) in root.Members())
            _addedTokens.Add(new AddedToken(content, id.AsId(), IsSpecial: false));
    }

    private static string? ReadChatTemplate(JsonValue? template)
    {
        if (template is not { Element.ValueKind: JsonValueKind.Array })
            return template?.AsString();
        return template.Value.Items()
            .Where(named => named.Get("name").AsString() == "default")
            .Select(named => named.Get("template").AsString())
            .FirstOrDefault();
    }
}
