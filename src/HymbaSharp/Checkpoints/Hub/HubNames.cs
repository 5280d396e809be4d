using System.Globalization;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>What may become part of a path or an address: names that come from a person or from a server are checked here first.</summary>
internal static class HubNames
{
    private const string FolderPrefix = "models--";
    private const int LongestRepository = 96;  // the hub's own limit
    private const int LongestName = 200;       // leaves room for suffixes below the 255 bytes of common file systems

    public static string RequireRepository(string repository)
    {
        if (!IsRepository(repository))
            throw new HubException($"{Quote(repository)} is not a repository name: expected owner/name of letters, digits, '.', '_' and '-', "
                + $"without '..' or '--', neither starting nor ending with '.' or '-', at most {LongestRepository} characters.");
        return repository;
    }

    /// <summary>A branch, a tag, a commit or a full ref such as <c>refs/pr/1</c>.</summary>
    public static string RequireRevision(string revision)
    {
        bool valid = revision.Length is > 0 and <= LongestName
            && revision.Split('/').All(part => part.Length > 0 && part[0] is not ('.' or '-') && part[^1] != '.' && IsPlain(part))
            && !revision.Contains("..", StringComparison.Ordinal);
        if (!valid)
            throw new HubException($"{Quote(revision)} is not a revision: expected a branch, tag or commit of letters, digits, '.', '_', '-' and inner '/'.");
        return revision;
    }

    public static bool IsCommit(string? revision) => revision is { Length: 40 } && revision.All(char.IsAsciiHexDigitLower);

    /// <summary>The name of a file at a repository's root that every file system takes as a plain name.</summary>
    public static bool IsFileName(string name) =>
        name.Length is > 0 and <= LongestName
        && name[0] is not ('.' or ' ') && name[^1] is not ('.' or ' ')
        && name.All(c => IsVisible(c) && !"/\\:*?\"<>|".Contains(c, StringComparison.Ordinal));

    /// <summary>An ETag without its quotes, which names the blob's file.</summary>
    public static bool IsEtag(string etag) => etag.Length is > 0 and <= LongestName && etag[0] is not ('.' or '-') && IsPlain(etag);

    /// <summary>The cache's folder of a repository; "--" is free to separate because no repository name holds it.</summary>
    public static string FolderOf(string repository) => FolderPrefix + repository.Replace("/", "--", StringComparison.Ordinal);

    public static string? RepositoryOf(string folder)
    {
        if (!folder.StartsWith(FolderPrefix, StringComparison.Ordinal))
            return null;
        string repository = folder[FolderPrefix.Length..].Replace("--", "/", StringComparison.Ordinal);
        return IsRepository(repository) ? repository : null;
    }

    /// <summary>Text of unknown origin made fit for a message: one line, bounded.</summary>
    public static string Quote(string text)
    {
        string shown = new([.. text.Take(LongestName).Select(c => IsVisible(c) ? c : '?')]);
        return $"'{shown}{(text.Length > LongestName ? "..." : "")}'";
    }

    private static bool IsRepository(string repository)
    {
        string[] parts = repository.Split('/');
        return repository.Length <= LongestRepository && parts.Length == 2
            && parts.All(part => part.Length > 0 && part[0] is not ('.' or '-') && part[^1] is not ('.' or '-') && IsPlain(part)
                && !part.Contains("..", StringComparison.Ordinal) && !part.Contains("--", StringComparison.Ordinal));
    }

    // Format marks may reverse or hide what is shown.
    private static bool IsVisible(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned);

    private static bool IsPlain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
