namespace HymbaSharp.Extensions.AI;

/// <summary>What a model is called.</summary>
internal static class ModelName
{
    // The hub's cache has models--owner--name/snapshots/commit.
    private const string HubPrefix = "models--";

    /// <summary>The repository's name where the model lies in the hub's cache, else the folder's.</summary>
    public static string Of(HymbaModel model) => OfFolder(model.Folder);

    public static string OfFolder(string path)
    {
        DirectoryInfo folder = new(Path.TrimEndingDirectorySeparator(path));
        return folder.Parent is { Name: "snapshots", Parent.Name: { } repository } && repository.StartsWith(HubPrefix, StringComparison.Ordinal)
            ? repository[HubPrefix.Length..].Replace("--", "/", StringComparison.Ordinal)
            : folder.Name;
    }

    /// <exception cref="HymbaRequestException">Another model is asked for than there is.</exception>
    public static void Check(string? asked, string there)
    {
        if (asked is not null && asked != there)
            throw new HymbaRequestException($"ModelId is '{asked}'; this model is '{there}'. Leave it out, or name that.");
    }
}
