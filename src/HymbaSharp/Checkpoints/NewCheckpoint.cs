using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Checkpoints;

/// <summary>What all that write a checkpoint's folder have in common.</summary>
internal static class NewCheckpoint
{
    /// <summary>Refuses a folder that holds weights.</summary>
    /// <exception cref="CheckpointException">It does.</exception>
    public static void RefuseWeights(string folder)
    {
        foreach (string name in (string[])[Checkpoint.FileName, Checkpoint.IndexFileName])
        {
            if (File.Exists(Path.Combine(folder, name)))
                throw new CheckpointException($"{folder}: already holds {name}; a folder without weights is needed.");
        }
    }

    /// <summary>The type that a configuration's <c>torch_dtype</c> names, or null.</summary>
    public static ElementType? StoredType(string? name) => name switch
    {
        "float32" => ElementType.F32,
        "float16" => ElementType.F16,
        "bfloat16" => ElementType.BF16,
        _ => null,
    };

    /// <summary>A configuration with another <c>torch_dtype</c>.</summary>
    public static byte[] WithStoredType(byte[] json, ElementType type)
    {
        var config = JsonNode.Parse(json)!.AsObject();
        _ = config.Remove("dtype");
        config["torch_dtype"] = type switch { ElementType.F32 => "float32", ElementType.F16 => "float16", _ => "bfloat16" };
        return Encoding.UTF8.GetBytes(config.ToJsonString(new() { WriteIndented = true }));
    }

    /// <summary>Copies what a checkpoint's folder holds beside configuration, weights and description: tokenizer, template, generation settings.</summary>
    public static void CopyFiles(string source, string target)
    {
        foreach (string path in Directory.EnumerateFiles(source))
        {
            string name = Path.GetFileName(path);
            bool isOwn = name is CheckpointFiles.Configuration or CheckpointFiles.WeightsIndex or "README.md" || CheckpointFiles.IsWeights(name);
            if (CheckpointFiles.IsWanted(name) && !isOwn)
                File.Copy(path, Path.Combine(target, name), overwrite: true);
        }
    }
}
