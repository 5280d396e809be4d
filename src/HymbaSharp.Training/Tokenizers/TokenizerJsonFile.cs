using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>Writes tokenizer.json, the Hugging Face tokenizers format, as it is published for Llama 2: what tokenizer.model says by scores, it says by a list of merges.</summary>
internal static class TokenizerJsonFile
{
    public static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(TrainedTokenizer tokenizer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, tokenizer);
            WriteRaw(json, "normalizer", """
                { "type": "Sequence", "normalizers": [ { "type": "Prepend", "prepend": "▁" }, { "type": "Replace", "pattern": { "String": " " }, "content": "▁" } ] }
                """);
            json.WriteNull("pre_tokenizer");
            WriteRaw(json, "post_processor", $$$"""
                {
                    "type": "TemplateProcessing",
                    "single": [ { "SpecialToken": { "id": "{{{TokenIds.Bos}}}", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ],
                    "pair": [
                      { "SpecialToken": { "id": "{{{TokenIds.Bos}}}", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                      { "SpecialToken": { "id": "{{{TokenIds.Bos}}}", "type_id": 1 } }, { "Sequence": { "id": "B", "type_id": 1 } }
                    ],
                    "special_tokens": { "{{{TokenIds.Bos}}}": { "id": "{{{TokenIds.Bos}}}", "ids": [ {{{TokenIds.BosId}}} ], "tokens": [ "{{{TokenIds.Bos}}}" ] } }
                  }
                """);
            WriteRaw(json, "decoder", """
                { "type": "Sequence", "decoders": [ { "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 1, "stop": 0 } ] }
                """);
            WriteModel(json, tokenizer);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    public static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", false);
        json.WriteBoolean("rstrip", false);
        json.WriteBoolean("normalized", false);
        json.WriteBoolean("special", token.IsSpecial);
    }

    /// <summary>The tokens found in the raw text: the special ones at the front, those behind the pieces.</summary>
    public static IEnumerable<AddedToken> AllAddedTokens(TrainedTokenizer tokenizer) =>
        [.. TokenIds.Special.Select((content, id) => new AddedToken(content, id, IsSpecial: true)), .. tokenizer.AddedTokens];

    private static void WriteAddedTokens(Utf8JsonWriter json, TrainedTokenizer tokenizer)
    {
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in AllAddedTokens(tokenizer))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            WriteAddedToken(json, token);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteModel(Utf8JsonWriter json, TrainedTokenizer tokenizer)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteString("unk_token", TokenIds.Unknown);
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", true);
        json.WriteBoolean("byte_fallback", true);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokenizer.MergedPieces.Count; id++)
            json.WriteNumber(tokenizer.MergedPieces[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (Merge merge in tokenizer.Merges)
            json.WriteStringValue($"{merge.Left} {merge.Right}");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter json, string key, string value)
    {
        json.WritePropertyName(key);
        json.WriteRawValue(value.Trim());
    }
}
