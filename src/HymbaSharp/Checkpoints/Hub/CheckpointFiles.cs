using System.Text.Json;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>Which files of a repository make a checkpoint.</summary>
internal static class CheckpointFiles
{
    public const string Configuration = "config.json";
    public const string WeightsIndex = "model.safetensors.index.json";

    /// <summary>Whether a pull takes the file. Only data: never code, never pickled weights.</summary>
    public static bool IsWanted(string name) =>
        name is Configuration or WeightsIndex or "generation_config.json" or "special_tokens_map.json" or "added_tokens.json" or "README.md"
        || IsWeights(name)
        || (name.StartsWith("tokenizer", StringComparison.Ordinal) && Path.GetExtension(name) is ".json" or ".model")
        || (name.StartsWith("chat_template", StringComparison.Ordinal) && Path.GetExtension(name) is ".json" or ".jinja")
        || (Path.GetFileNameWithoutExtension(name) is "LICENSE" or "LICENCE" or "NOTICE" && Path.GetExtension(name) is "" or ".md" or ".txt");

    public static bool IsWeights(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    /// <summary>Whether the folder holds a configuration and all weights: those its index names, else a set of shards without gaps or a single file.</summary>
    public static bool AreComplete(string folder)
    {
        if (LengthOf(Path.Combine(folder, Configuration)) is null)
            return false;
        string index = Path.Combine(folder, WeightsIndex);
        if (LengthOf(index) is not null)
            return IndexedWeights(index) is { Count: > 0 } names && names.All(name => LengthOf(Path.Combine(folder, name)) is not null);
        string[] weights = [.. Directory.EnumerateFiles(folder).Where(path => IsWeights(path) && LengthOf(path) is not null).Select(path => Path.GetFileName(path))];
        return weights.Length > 0 && weights.All(name => ShardCount(name) is not { } count || count == weights.Count(other => ShardCount(other) == count));
    }

    /// <summary>The length of the file, behind a link that of its target; null where there is none, as behind a broken link.</summary>
    public static long? LengthOf(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return RandomAccess.GetLength(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static HashSet<string>? IndexedWeights(string index)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
            HashSet<string> names = [];
            foreach (JsonProperty tensor in document.RootElement.GetProperty("weight_map").EnumerateObject())
                names.Add(tensor.Value.GetString() ?? "");
            return names.All(HubNames.IsFileName) ? names : null;
        }
        // Not JSON; no such key; a value of another kind or no valid text.
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The 3 of <c>model-00001-of-00003.safetensors</c>.</summary>
    private static int? ShardCount(string name)
    {
        string[] parts = Path.GetFileNameWithoutExtension(name).Split('-');
        return parts is [.., _, "of", var count] && int.TryParse(count, out int shards) ? shards : null;
    }
}
