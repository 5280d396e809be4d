using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

/// <summary>A folder of training data, a tokenizer small enough to think about, and chat templates.</summary>
internal sealed class DataFixture : IDisposable
{
    /// <summary>In the manner of the family's.</summary>
    public const string Family =
        "{{ '<extra_id_0>System' }}{% for m in messages if m.role == 'system' %}{{ '\n' + m.content|trim }}{% endfor %}"
        + "{% for tool in tools or [] %}{{ '\n<tool> ' + tool|tojson + ' </tool>' }}{% endfor %}"
        + "{% for context in contexts or [] %}{{ '\n<context> ' + context|trim + ' </context>' }}{% endfor %}{{ '\n\n' }}"
        + "{% for m in messages if m.role != 'system' %}{{ '<extra_id_1>' + m.role|capitalize + '\n' + m.content|trim + '\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<extra_id_1>Assistant\n' }}{% endif %}";

    public const int Bos = 1, Eos = 2;

    private const string Characters = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<>/:_.,{}\"";

    // Each joins with the next word only; "o:" and ">H" cross what templates have as borders.
    private static readonly string[] Joined = ["▁h", "hi", "▁w", "▁H", "He", "ll", "yes", "ye", "no", "o:", ">H"];

    private readonly string _folder = Directory.CreateTempSubdirectory("hymba-data-").FullName;

    public DataFixture() => Tokenizer = MakeTokenizer();

    public Tokenizer Tokenizer { get; }

    public ChatTemplate Template { get; init; } = ChatTemplate.Parse(Family);

    public static string Repository { get; } = FindRepository();

    public static string Shared(params string[] parts)
    {
        string path = Path.Combine([Repository, "..", "shared", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"needs ../shared/{string.Join('/', parts)} beside the checkout");
        return Path.GetFullPath(path);
    }

    public string Write(string name, params string[] lines)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, string.Concat(lines.Select(line => line + "\n")), new UTF8Encoding(false));
        return path;
    }

    public string WriteBytes(string name, params byte[][] parts)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, [.. parts.SelectMany(part => part)]);
        return path;
    }

    public string PathOf(string name) => Path.Combine(_folder, name);

    public static DataOptions Options(params string[] paths) => new() { Sources = [new DataSource { Paths = paths }] };

    public TrainingSet<TrainingExample> Examples(params string[] paths) => Examples(Options(paths));

    public TrainingSet<TrainingExample> Examples(DataOptions options) => ExampleSet.Open(options, Tokenizer, Template);

    public TrainingSet<PreferencePair> Pairs(params string[] paths) => PreferenceSet.Open(Options(paths), Tokenizer, Template);

    /// <summary>The error that refuses one line.</summary>
    public string Refusal(string line)
    {
        string path = Write("refused.jsonl", line);
        return Assert.Throws<TrainingDataException>(() => Examples(Options(path) with { Sources = [new DataSource { Paths = [path], Format = DataFormat.Messages }] })).Message;
    }

    /// <summary>The tokens' text; what is learned stands in brackets, EOS is ¶.</summary>
    public string Marked(TrainingExample example)
    {
        StringBuilder marked = new();
        for (int start = 0, end; start < example.Tokens.Length; start = end)
        {
            end = start + 1;
            while (end < example.Tokens.Length && example.Learned[end] == example.Learned[start])
                end++;
            string text = Text(example.Tokens[start..end], continues: start > 0);
            _ = marked.Append(example.Learned[start] ? $"[{text}]" : text);
        }
        return marked.ToString();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Text(int[] ids, bool continues) => Tokenizer.Decode(ids, continuesText: continues).Replace("</s>", "¶");

    private Tokenizer MakeTokenizer()
    {
        JsonObject vocabulary = [];
        string[] pieces = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), .. Characters.Select(c => c.ToString()), .. Joined];
        foreach (string piece in pieces)
            vocabulary.Add(piece, vocabulary.Count);
        JsonNode json = JsonNode.Parse("""
            {
              "version": "1.0",
              "added_tokens": [
                { "id": 0, "content": "<unk>", "special": true }, { "id": 1, "content": "<s>", "special": true }, { "id": 2, "content": "</s>", "special": true }
              ],
              "normalizer": { "type": "Sequence", "normalizers": [ { "type": "Prepend", "prepend": "▁" }, { "type": "Replace", "pattern": { "String": " " }, "content": "▁" } ] },
              "pre_tokenizer": null,
              "post_processor": { "type": "TemplateProcessing", "single": [ { "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ] },
              "decoder": { "type": "Sequence", "decoders": [ { "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 1, "stop": 0 } ] },
              "model": {
                "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
                "byte_fallback": true, "ignore_merges": false, "merges": [ "▁ h", "▁ w", "▁ H", "H e", "l l", "h i", "y e", "ye s", "n o", "o :", "> H" ]
              }
            }
            """)!;
        json["model"]!["vocab"] = vocabulary;
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), json.ToJsonString());
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{ "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true }""");
        return Tokenizer.Load(_folder);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HymbaSharp.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("HymbaSharp.slnx was not found above the test binaries.");
    }
}
