namespace HymbaSharp.Extensions.AI;

/// <summary>What a model is called.</summary>
internal static class ModelName
{
    /// <summary>The name of its folder.</summary>
    public static string Of(HymbaModel model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder)));

    /// <exception cref="HymbaRequestException">Another model is asked for than there is.</exception>
    public static void Check(string? asked, string there)
    {
        if (asked is not null && asked != there)
            throw new HymbaRequestException($"ModelId is '{asked}'; this model is '{there}'. Leave it out, or name that.");
    }
}
