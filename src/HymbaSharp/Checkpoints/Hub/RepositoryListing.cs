using System.Text.Json;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>A file of a repository. The ETag names its blob: the SHA-256 of a large file, git's SHA-1 of a small one, something opaque at some mirrors.</summary>
internal sealed record HubFile(string Name, string Etag, long Size);

/// <summary>The commit that a revision stands for and the checkpoint's files at it.</summary>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<HubFile> Files)
{
    private const int LongestListing = 16 << 20;
    private const long LargestFile = 1L << 44; // 16 TiB: sums of a listing's sizes cannot overflow

    /// <summary>Asks the hub; files whose hash or size its listing leaves out are asked for one by one.</summary>
    public static async Task<RepositoryListing> FetchAsync(HubHttp http, string repository, string revision, CancellationToken cancellationToken)
    {
        string what = $"{repository} at revision {revision}";
        Uri address = http.Address($"/api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        byte[] json = await http.RetryAsync(what, token => ReadAsync(http, address, what, token), cancellationToken);
        (string commit, List<(string Name, string? Etag, long? Size)> entries) = Parse(json, address, what);

        List<HubFile> files = [];
        foreach ((string name, string? etag, long? size) in entries)
        {
            files.Add(etag is not null && size is not null
                ? new(name, etag, size.Value)
                : await HeadAsync(http, repository, commit, name, cancellationToken));
            if (files[^1].Size is < 0 or > LargestFile)
                throw new HubException($"{address.Authority} gives {files[^1].Size} bytes as the length of {name} of {what}, which cannot be.");
        }
        return new(commit, files);
    }

    public static Uri AddressOf(HubHttp http, string repository, string commit, string name) =>
        http.Address($"/{repository}/resolve/{commit}/{Uri.EscapeDataString(name)}");

    private static async Task<byte[]> ReadAsync(HubHttp http, Uri address, string what, CancellationToken cancellationToken)
    {
        using HubResponse response = await http.SendAsync(HttpMethod.Get, address, null, what, cancellationToken);
        using MemoryStream body = new();
        byte[] buffer = new byte[16 << 10];
        for (int count; (count = await response.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (body.Length + count > LongestListing)
                throw new HubException($"{address.Authority} sends a file list of more than {LongestListing} bytes for {what}. Check HF_ENDPOINT.");
            body.Write(buffer, 0, count);
        }
        return body.ToArray();
    }

    private static (string Commit, List<(string Name, string? Etag, long? Size)> Entries) Parse(byte[] json, Uri address, string what)
    {
        HubException Unsafe(string name) =>
            new($"{address.Authority} lists {HubNames.Quote(name)} in {what}, which is no safe file name; nothing was downloaded.");

        List<(string, string?, long?)> entries = [];
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase); // as some file systems compare
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string? commit = root.GetProperty("sha").GetString();
            if (!HubNames.IsCommit(commit))
                throw new HubException($"{address.Authority} gives {HubNames.Quote(commit ?? "nothing")} as the commit of {what}: expected 40 hexadecimal digits.");
            foreach (JsonElement sibling in root.GetProperty("siblings").EnumerateArray())
            {
                string name = sibling.GetProperty("rfilename").GetString() ?? "";
                if (name.Split('/').Any(part => part is "" or "." or ".."))
                    throw Unsafe(name);
                // A folder holds another format or another model.
                if (name.Contains('/', StringComparison.Ordinal) || !CheckpointFiles.IsWanted(name))
                    continue;
                if (!HubNames.IsFileName(name))
                    throw Unsafe(name);
                if (!names.Add(name))
                    throw new HubException($"{address.Authority} lists {name} twice in {what}; nothing was downloaded.");
                entries.Add((name, Hash(sibling), Size(sibling)));
            }
            if (!names.Contains(CheckpointFiles.Configuration) || !names.Any(CheckpointFiles.IsWeights))
                throw new HubException($"{what} is no checkpoint that can be read: it needs config.json and weights in *.safetensors.");
            return (commit!, entries);
        }
        // Not JSON, as from a login page; no such key; a value of another kind or no valid text.
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException($"{address.Authority} did not answer with the hub's file list for {what}: {e.Message} "
                + "Check HF_ENDPOINT, and that no proxy or login page is in between.", e);
        }
    }

    // blobId is git's hash of the contents; of a large file, of the pointer that stands for it, so lfs goes first.
    private static string? Hash(JsonElement sibling)
    {
        bool large = sibling.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
        string? hash = (large ? lfs : sibling).TryGetProperty(large ? "sha256" : "blobId", out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
        return hash is not null && hash.Length == (large ? 64 : 40) && BlobHash.IsHash(hash) ? hash : null;
    }

    private static long? Size(JsonElement sibling) =>
        sibling.TryGetProperty("size", out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long size) ? size : null;

    private static async Task<HubFile> HeadAsync(HubHttp http, string repository, string commit, string name, CancellationToken cancellationToken)
    {
        string what = $"{name} of {repository} at commit {commit}";
        Uri address = AddressOf(http, repository, commit, name);
        return await http.RetryAsync(what, async token =>
        {
            using HubResponse response = await http.SendAsync(HttpMethod.Head, address, null, what, token);
            if (response.Etag is not { } etag || !HubNames.IsEtag(etag))
                throw new HubException($"{address.Authority} gives no usable ETag for {what}: it is not a hub or a mirror of one. Check HF_ENDPOINT.");
            if ((response.LinkedSize ?? response.ContentLength) is not { } size)
                throw new HubException($"{address.Authority} does not give the length of {what}: it is not a hub or a mirror of one. Check HF_ENDPOINT.");
            return new HubFile(name, etag, size);
        }, cancellationToken);
    }
}
