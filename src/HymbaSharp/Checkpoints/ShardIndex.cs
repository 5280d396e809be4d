using System.Text.Json;
using System.Text.Unicode;

namespace HymbaSharp.Checkpoints;

/// <summary>A <c>model.safetensors.index.json</c>: which shard, a file beside it, holds which tensor.</summary>
internal sealed class ShardIndex
{
    private const int LargestFile = 64 << 20;

    private readonly string _path;
    private readonly Dictionary<string, string> _shardOf = [];

    private ShardIndex(string path) => _path = path;

    /// <summary>The shards' file names, sorted.</summary>
    public IEnumerable<string> Shards => _shardOf.Values.Distinct().Order(StringComparer.Ordinal);

    public static ShardIndex Read(string path)
    {
        var index = new ShardIndex(path);
        try
        {
            index.Parse(ReadFile(path));
            return index;
        }
        // A name escaped into half a surrogate pair is valid JSON and no string: the reader calls that an invalid operation.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: not valid JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Checks that the shards hold exactly the tensors that the index puts there.</summary>
    public void Check(Checkpoint checkpoint)
    {
        foreach (var (name, shard) in checkpoint.Locations)
        {
            if (!_shardOf.TryGetValue(name, out string? listed))
                throw new CheckpointException($"{_path}: does not list {name}, which is in {shard}.");
            if (listed != shard)
                throw new CheckpointException($"{_path}: puts {name} in {listed}; it is in {shard}.");
        }
        string? absent = _shardOf.Keys.FirstOrDefault(name => !checkpoint.Contains(name));
        if (absent is not null)
            throw new CheckpointException($"{_path}: puts {absent} in {_shardOf[absent]}, which does not hold it.");
    }

    private void Parse(byte[] utf8Json)
    {
        if (!Utf8.IsValid(utf8Json))
            throw new CheckpointException($"{_path}: not UTF-8.");
        var root = JsonElement.Parse(utf8Json, new JsonDocumentOptions { AllowDuplicateProperties = false });
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object || map.GetPropertyCount() == 0)
        {
            throw new CheckpointException($"{_path}: needs a \"weight_map\" from tensor names to shards.");
        }
        foreach (var entry in map.EnumerateObject())
        {
            string? shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            if (!IsFileName(shard))
                throw new CheckpointException($"{_path}: puts {entry.Name} in \"{shard}\"; a shard is the name of a .safetensors file in the same folder.");
            _shardOf.Add(entry.Name, shard!);
        }
    }

    /// <summary>Whether a name can only mean a file in the index's own folder, on any operating system.</summary>
    private static bool IsFileName(string? name) =>
        name is not null && name.EndsWith(".safetensors", StringComparison.Ordinal) && name.All(c => c is > ' ' and not ('/' or '\\' or ':'));

    private static byte[] ReadFile(string path)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length > LargestFile)
            throw new CheckpointException($"{path}: {stream.Length} bytes; an index has at most {LargestFile}.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
