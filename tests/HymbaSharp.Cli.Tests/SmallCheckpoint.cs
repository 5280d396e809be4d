namespace HymbaSharp.Cli.Tests;

/// <summary>Checkpoints small enough to make in a test, with a tokenizer of a few words and all bytes.</summary>
internal static class SmallCheckpoint
{
    // 0 <unk>, 1 <s>, 2 </s>, 3–258 the bytes, then pieces.
    private static readonly string[] Pieces = ["▁", "a", "b", "c", "▁a", "▁b", "ab", "▁ab", "abc", "▁abc"];

    private const string Template =
        "<extra_id_0>System{% for m in messages %}{% if m.role == 'system' %}\\n{{ m.content }}{% endif %}{% endfor %}"
        + "{% for t in tools or [] %}\\n<tool> {{ t|tojson }} </tool>{% endfor %}{% for c in contexts or [] %}\\n<context> {{ c }} </context>{% endfor %}\\n\\n"
        + "{% for m in messages %}{% if m.role != 'system' %}<extra_id_1>{{ m.role|capitalize }}\\n{{ m.content }}\\n{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}<extra_id_1>Assistant\\n{% endif %}";

    public static int VocabularySize => 259 + Pieces.Length;

    /// <summary>Writes config.json and the tokenizer's files; the configuration is a reference model's with this vocabulary.</summary>
    public static void WriteFiles(TestFolder folder)
    {
        string config = File.ReadAllText(Path.Combine(TestData.Reference("ntk-shared-kv"), "config.json"));
        config = config.Replace("\"vocab_size\": 96", $"\"vocab_size\": {VocabularySize}", StringComparison.Ordinal)
            .Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 2048", StringComparison.Ordinal);
        _ = folder.Write("config.json", config);
        IEnumerable<string> vocabulary = new[] { "<unk>", "<s>", "</s>" }.Concat(Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")).Concat(Pieces);
        string entries = string.Join(",", vocabulary.Select((piece, id) => $"\"{piece}\":{id}"));
        string added = string.Join(",", new[] { "<unk>", "<s>", "</s>" }.Select((piece, id) =>
            $$"""{"id":{{id}},"content":"{{piece}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        _ = folder.Write("tokenizer.json", $$$"""
            {"version":"1.0","added_tokens":[{{{added}}}],
             "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
             "pre_tokenizer":null,
             "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
             "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":{{{{entries}}}},
              "merges":["▁ a","▁ b","a b","▁a b","ab c","▁ab c"]}}
            """);
        _ = folder.Write("tokenizer_config.json", $$"""
            {"add_bos_token":true,"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>","legacy":true,"chat_template":"{{Template}}"}
            """);
    }

    /// <summary>The same with random weights.</summary>
    public static void Write(TestFolder folder)
    {
        WriteFiles(folder);
        _ = Tool.Run("init", folder.Path, folder.Path, "--seed", "7").Success;
    }
}
