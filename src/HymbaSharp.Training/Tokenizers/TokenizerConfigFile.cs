using System.Buffers;
using System.Globalization;
using System.Text.Json;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>Writes what stands beside a tokenizer: tokenizer_config.json and special_tokens_map.json.</summary>
internal static class TokenizerConfigFile
{
    public static byte[] WriteConfig(TrainedTokenizer tokenizer, string? chatTemplate) => WriteObject(json =>
    {
        json.WriteBoolean("add_bos_token", true);
        json.WriteBoolean("add_eos_token", false);
        json.WriteBoolean("add_prefix_space", true);
        json.WriteStartObject("added_tokens_decoder");
        foreach (AddedToken token in TokenizerJsonFile.AllAddedTokens(tokenizer))
        {
            json.WriteStartObject(token.Id.ToString(CultureInfo.InvariantCulture));
            TokenizerJsonFile.WriteAddedToken(json, token);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        foreach ((string key, string content) in NamedTokens(tokenizer))
            json.WriteString(key, content);
        if (chatTemplate is not null)
            json.WriteString("chat_template", chatTemplate);
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteBoolean("legacy", true);
        json.WriteString("padding_side", "left");
        json.WriteStartObject("sp_model_kwargs");
        json.WriteEndObject();
        json.WriteBoolean("spaces_between_special_tokens", false);
        json.WriteString("tokenizer_class", "LlamaTokenizer");
        json.WriteBoolean("use_default_system_prompt", false);
    });

    public static byte[] WriteNamedTokens(TrainedTokenizer tokenizer) => WriteObject(json =>
    {
        foreach ((string key, string content) in NamedTokens(tokenizer))
        {
            json.WriteStartObject(key);
            json.WriteString("content", content);
            foreach (string flag in (ReadOnlySpan<string>)["lstrip", "normalized", "rstrip", "single_word"])
                json.WriteBoolean(flag, false);
            json.WriteEndObject();
        }
    });

    private static IEnumerable<(string Key, string Content)> NamedTokens(TrainedTokenizer tokenizer)
    {
        yield return ("bos_token", TokenIds.Bos);
        yield return ("eos_token", TokenIds.Eos);
        if (tokenizer.PadToken is { } pad)
            yield return ("pad_token", pad);
        yield return ("unk_token", TokenIds.Unknown);
    }

    private static byte[] WriteObject(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, TokenizerJsonFile.Readable))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
