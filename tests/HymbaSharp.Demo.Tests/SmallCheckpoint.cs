using HymbaSharp.Checkpoints;

namespace HymbaSharp.Demo.Tests;

/// <summary>A checkpoint of random weights with a tokenizer of all bytes and a chat template.</summary>
internal static class SmallCheckpoint
{
    private const string Template =
        "{% for m in messages %}<extra_id_1>{{ m.role }}\\n{{ m.content }}\\n{% endfor %}{% if add_generation_prompt %}<extra_id_1>assistant\\n{% endif %}";

    // <unk>, <s>, </s>, the bytes, and the mark of a space.
    private static readonly string[] Pieces = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "▁"];

    public static void Write(TestFolder folder)
    {
        string config = File.ReadAllText(Path.Combine(TestData.Reference("ntk-shared-kv"), "config.json"))
            .Replace("\"vocab_size\": 96", $"\"vocab_size\": {Pieces.Length}", StringComparison.Ordinal)
            .Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 4096", StringComparison.Ordinal);
        File.WriteAllText(folder.File("config.json"), config);
        string entries = string.Join(",", Pieces.Select((piece, id) => $"\"{piece}\":{id}"));
        string added = string.Join(",", Pieces.Take(3).Select((piece, id) =>
            $$"""{"id":{{id}},"content":"{{piece}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        File.WriteAllText(folder.File("tokenizer.json"), $$$"""
            {"version":"1.0","added_tokens":[{{{added}}}],
             "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
             "pre_tokenizer":null,
             "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
             "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":{{{{entries}}}},"merges":[]}}
            """);
        File.WriteAllText(folder.File("tokenizer_config.json"), $$"""
            {"add_bos_token":true,"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>","legacy":true,"chat_template":"{{Template}}"}
            """);
        RandomCheckpoint.Write(folder.Path, folder.Path, 7);
    }
}
