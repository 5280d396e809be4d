using System.Text.Json.Nodes;

namespace HymbaSharp.Tests.Tokenization;

/// <summary>The vocabulary of <see cref="ModelFixture"/> as a tokenizer.json, as far as the format can express it (every part of a merge needs a piece), and an added token.</summary>
internal static class JsonFixture
{
    public const string Marker = "<|mark|>";

    public static readonly (string Left, string Right)[] Merges = [.. FindMerges()];

    public static JsonObject Create()
    {
        var model = new ModelFixture();
        var vocabulary = new JsonObject();
        foreach ((string text, _, _) in model.Pieces)
            vocabulary.Add(text, vocabulary.Count);
        JsonNode json = JsonNode.Parse("""
            {
              "version": "1.0",
              "added_tokens": [],
              "normalizer": { "type": "Sequence", "normalizers": [ { "type": "Prepend", "prepend": "▁" }, { "type": "Replace", "pattern": { "String": " " }, "content": "▁" } ] },
              "pre_tokenizer": null,
              "post_processor": { "type": "TemplateProcessing", "single": [ { "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ] },
              "decoder": { "type": "Sequence", "decoders": [ { "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 1, "stop": 0 } ] },
              "model": { "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false }
            }
            """)!;
        json["model"]!["vocab"] = vocabulary;
        // Both spellings of a merge are in use.
        json["model"]!["merges"] = new JsonArray([.. Merges.Index().Select(merge => merge.Index % 2 == 0
            ? JsonValue.Create($"{merge.Item.Left} {merge.Item.Right}")
            : (JsonNode)new JsonArray(merge.Item.Left, merge.Item.Right))]);
        var added = (JsonArray)json["added_tokens"]!;
        foreach (string token in (string[])["<unk>", "<s>", "</s>"])
            added.Add(AddedToken(model.Id(token), token, special: true));
        added.Add(AddedToken(model.Pieces.Count, Marker, special: false));
        return (JsonObject)json;
    }

    public static JsonObject AddedToken(int id, string content, bool special) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = special,
    };

    private static IEnumerable<(string Left, string Right)> FindMerges()
    {
        HashSet<string> pieces = [.. ModelFixture.Joined.Select(piece => piece.Text), .. ModelFixture.Characters];
        return
            from piece in ModelFixture.Joined
            from split in Enumerable.Range(1, piece.Text.Length - 1)
            where pieces.Contains(piece.Text[..split]) && pieces.Contains(piece.Text[split..])
            select (piece.Text[..split], piece.Text[split..]);
    }
}
