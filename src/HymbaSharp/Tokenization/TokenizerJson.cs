using System.Text;
using System.Text.Json;

namespace HymbaSharp.Tokenization;

/// <summary>Reads tokenizer.json, the Hugging Face tokenizers format, as far as a Llama-2 style tokenizer uses it: BPE with byte fallback, spaces as ▁.</summary>
internal static class TokenizerJson
{
    private static readonly string SpaceMark = $"{TokenizerDefinition.SpaceMark}";

    public static TokenizerDefinition Read(byte[] json, string file) => JsonValue.Read(json, file, Read);

    private static TokenizerDefinition Read(JsonValue root)
    {
        JsonValue model = root.Get("model");
        CheckModel(model);
        if (root.Find("pre_tokenizer") is { } preTokenizer)
            throw preTokenizer.Refused("null");

        string file = root.Path.TrimEnd(':');
        Dictionary<string, int> ids = ReadVocabulary(model.Get("vocab"));
        bool byteFallback = model.Find("byte_fallback")?.AsBoolean() ?? false;
        string? unknown = model.Find("unk_token")?.AsString();
        if (unknown is not null && !ids.ContainsKey(unknown))
            throw model.Get("unk_token").Refused("a token of the vocabulary");
        if (!byteFallback && unknown is null)
            throw new TokenizerException($"{model.Path} unk_token is absent; it is needed where byte_fallback is false.");
        if (!byteFallback && !(model.Find("fuse_unk")?.AsBoolean() ?? false))
            throw new TokenizerException($"{model.Path} fuse_unk is false; supported without byte_fallback: true.");

        string? bos = ReadBos(root);
        return new TokenizerDefinition
        {
            File = file,
            Ids = ids,
            Merges = ReadMerges(model.Get("merges"), ids),
            ByteIds = byteFallback ? TokenizerDefinition.FindBytePieces(ids, file) : null,
            AddedTokens = [.. root.Find("added_tokens")?.Items().Select(token => AddedToken.Read(token, token.Get("id").AsId())) ?? []],
            AddsPrefix = ReadNormalizer(root.Get("normalizer")),
            StripsPrefix = ReadDecoder(root.Get("decoder"), byteFallback),
            BosToken = bos,
            UnknownToken = unknown,
            AddsBos = bos is not null,
        };
    }

    private static void CheckModel(JsonValue model)
    {
        if (model.Get("type").AsString() != "BPE")
            throw model.Get("type").Refused("\"BPE\"");
        if (model.Find("dropout") is { } dropout)
            throw dropout.Refused("null");
        if (model.Find("ignore_merges") is { } ignored && ignored.AsBoolean())
            throw ignored.Refused("false");
        foreach (string key in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(key) is { } affix && affix.AsString() != "")
                throw affix.Refused("null");
        }
    }

    private static Dictionary<string, int> ReadVocabulary(JsonValue vocabulary)
    {
        if (vocabulary.Element.ValueKind != JsonValueKind.Object)
            throw vocabulary.Refused("an object of tokens and their ids");
        var ids = new Dictionary<string, int>(vocabulary.Element.GetPropertyCount());
        foreach (JsonProperty entry in vocabulary.Element.EnumerateObject())
        {
            if (entry.Name == "")
                throw new TokenizerException($"{vocabulary.Path} has an empty token; tokens have one character or more.");
            ids.Add(entry.Name, new JsonValue(entry.Value, vocabulary.Path).AsId());
        }
        return ids;
    }

    private static MergeTable ReadMerges(JsonValue list, Dictionary<string, int> ids)
    {
        var characters = new Dictionary<int, int>();
        foreach ((string token, int id) in ids)
        {
            if (MergeTable.IsCharacter(token, out Rune character))
                characters.Add(character.Value, id);
        }

        var merges = new MergeTable(characters, ids.Count);
        int rank = 0;
        foreach (JsonValue merge in list.Items())
        {
            string[] parts = merge.Element.ValueKind == JsonValueKind.Array
                ? [.. merge.Items().Select(part => part.AsString())]
                : merge.AsString().Split(' ');
            if (parts.Length != 2
                || !ids.TryGetValue(parts[0], out int left)
                || !ids.TryGetValue(parts[1], out int right)
                || !ids.TryGetValue(parts[0] + parts[1], out int merged))
            {
                throw merge.Refused("two tokens that make a third one, as \"left right\" or [\"left\", \"right\"]");
            }
            Rune.DecodeLastFromUtf16(parts[0], out Rune last, out _);
            Rune.DecodeFromUtf16(parts[1], out Rune first, out _);
            if (!merges.TryAdd(left, right, ++rank, merged, merges.Symbol(last), merges.Symbol(first)))
                throw merge.Refused("each pair once");
        }
        return merges;
    }

    /// <returns>Whether text gets a leading space.</returns>
    private static bool ReadNormalizer(JsonValue normalizer)
    {
        JsonValue[] steps = Steps(normalizer, "normalizers");
        bool prepends = steps.Length > 0 && steps[0].Get("type").AsString() == "Prepend" && steps[0].Get("prepend").AsString() == SpaceMark;
        if (steps.Length != (prepends ? 2 : 1) || !IsReplace(steps[^1], " ", SpaceMark))
            throw normalizer.Refused("""Prepend "▁" (optional), then Replace " " by "▁" """.TrimEnd());
        return prepends;
    }

    /// <returns>Whether decoding drops one leading space.</returns>
    private static bool ReadDecoder(JsonValue decoder, bool byteFallback)
    {
        JsonValue[] steps = Steps(decoder, "decoders");
        string[] expected = byteFallback ? ["Replace", "ByteFallback", "Fuse"] : ["Replace", "Fuse"];
        bool strips = steps.Length == expected.Length + 1;
        if (!steps.Select(step => step.Get("type").AsString()).SequenceEqual(strips ? [.. expected, "Strip"] : expected)
            || !IsReplace(steps[0], SpaceMark, " ")
            || strips && !(steps[^1].Get("content").AsString() == " " && steps[^1].Get("start").AsId() == 1 && steps[^1].Get("stop").AsId() == 0))
        {
            throw decoder.Refused("""Replace "▁" by " ", ByteFallback (if the model has byte_fallback, and only then), Fuse, Strip " " start 1 stop 0 (optional)""");
        }
        return strips;
    }

    private static JsonValue[] Steps(JsonValue step, string listKey) =>
        step.Get("type").AsString() == "Sequence" ? [.. step.Get(listKey).Items()] : [step];

    private static bool IsReplace(JsonValue step, string pattern, string content) =>
        step.Get("type").AsString() == "Replace"
        && step.Get("pattern").Find("String")?.AsString() == pattern
        && step.Get("content").AsString() == content;

    /// <returns>The token set before a text, if any.</returns>
    private static string? ReadBos(JsonValue root)
    {
        if (root.Find("post_processor") is not { } processor)
            return null;
        if (processor.Get("type").AsString() == "TemplateProcessing")
        {
            JsonValue[] single = [.. processor.Get("single").Items()];
            if (single.Length is 1 or 2 && single[^1].Find("Sequence") is not null)
            {
                if (single.Length == 1)
                    return null;
                if (single[0].Find("SpecialToken") is { } token)
                    return token.Get("id").AsString();
            }
        }
        throw processor.Refused("TemplateProcessing whose single is a SpecialToken (optional) and a Sequence");
    }
}
