using System.Buffers;
using System.Net;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// The download of one blob, whose lock the caller holds: several ranges at a time, continued from what an earlier pull left,
/// checked against its hash.
/// </summary>
internal sealed class BlobDownload(
    HubHttp http, HubClientOptions options, RepositoryFolder folder, HubFile file, Uri address, string what, PullTracker.FileTracker progress)
{
    private const int BufferLength = 128 << 10;

    private volatile bool _changed;
    private bool _ignoresRanges;

    /// <summary>Brings the blob into its folder. Data with a wrong hash is deleted and fetched once more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        DropOutdated();
        for (bool again = false; ; again = true)
        {
            using PartialFile partial = PartialFile.Open(folder.Blobs, file, options);
            progress.Enter(PullPhase.Downloading);
            progress.Found(partial.Covered);
            try
            {
                await FillAsync(partial, cancellationToken);
            }
            catch (HubException) when (_changed)
            {
                partial.Discard();
                throw;
            }
            progress.Enter(PullPhase.Verifying);
            string hash = BlobHash.IsHash(file.Etag) ? await BlobHash.ComputeAsync(partial.Data, file.Etag, cancellationToken) : file.Etag;
            if (hash == file.Etag)
            {
                partial.MoveTo(folder.Blob(file.Etag));
                return;
            }
            partial.Discard();
            if (again)
                throw new HubException($"{what} arrived damaged twice: its hash is {hash}, that of the original {file.Etag}. Nothing of it is kept; "
                    + $"a proxy or mirror may be changing it (the endpoint is {options.Endpoint.Authority}).");
        }
    }

    /// <summary>Deletes what was begun of the same file with other contents: nobody will finish it.</summary>
    private void DropOutdated()
    {
        foreach (string etag in PartialFile.EtagsOf(folder.Blobs, file.Name).Where(etag => etag != file.Etag).ToArray())
        {
            using BlobLock? outdated = BlobLock.TryAcquire(folder.Lock(etag));
            if (outdated is not null)
                PartialFile.Delete(folder.Blobs, etag);
        }
    }

    private async Task FillAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        Queue<ByteRange> missing = partial.Missing(file.Size, options.PieceLength);
        // The first piece goes alone: a server that does not take ranges answers it with the whole file.
        if (missing.TryDequeue(out ByteRange first))
            await FetchAsync(partial, first, mayBeWhole: true, cancellationToken);
        if (_ignoresRanges)
            await FetchAsync(partial, new(0, file.Size), mayBeWhole: true, cancellationToken);
        else
            await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = options.MaxConnections, CancellationToken = cancellationToken },
                async (piece, token) => await FetchAsync(partial, piece, mayBeWhole: false, token));
    }

    private async Task FetchAsync(PartialFile partial, ByteRange piece, bool mayBeWhole, CancellationToken cancellationToken)
    {
        while (partial.FirstMissing(piece) is not null)
        {
            await http.RetryAsync(what, async token =>
            {
                await http.Connections.WaitAsync(token);
                try
                {
                    return await AttemptAsync(partial, piece, mayBeWhole, token);
                }
                finally
                {
                    http.Connections.Release();
                }
            }, cancellationToken);
        }
    }

    /// <summary>Asks for what is missing of the piece and returns how much of it came.</summary>
    private async Task<long> AttemptAsync(PartialFile partial, ByteRange piece, bool mayBeWhole, CancellationToken cancellationToken)
    {
        if (partial.FirstMissing(piece) is not { } start)
            return 0;
        ByteRange asked = piece with { Start = start };
        bool whole = asked.Length == file.Size;
        using HubResponse response = await http.SendAsync(HttpMethod.Get, address, whole ? null : asked, what, cancellationToken);
        ByteRange sent = Sent(response, asked, mayBeWhole || whole);
        long gained = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            for (long position = sent.Start; position < sent.End;)
            {
                int count = await response.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, sent.End - position)), cancellationToken);
                if (count == 0)
                    throw new TransientException($"{response.Address.Authority} ended its answer {sent.End - position} bytes early");
                long missing = await partial.WriteAsync(position, buffer.AsMemory(0, count), cancellationToken);
                progress.Received(missing);
                gained += missing;
                position += count;
            }
            return gained;
        }
        catch (TransientException e)
        {
            e.Gained = gained;
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Which of the file's bytes the response holds.</summary>
    private ByteRange Sent(HubResponse response, ByteRange asked, bool mayBeWhole)
    {
        string host = response.Address.Authority;
        // An opaque ETag says nothing against a file that is known by its hash: a mirror may number its files its own way.
        if (response.Etag is { } etag && etag != file.Etag && (BlobHash.IsHash(etag) || !BlobHash.IsHash(file.Etag)))
            throw Changed($"its ETag is {HubNames.Quote(etag)}, it was {file.Etag}");
        if (response.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
            throw Changed($"{host} has no bytes {asked.Start} to {asked.End - 1} of it");
        if (response.Status == HttpStatusCode.PartialContent)
        {
            if (response.ContentRange is not { Unit: "bytes", From: { } from, To: { } to } range || from != asked.Start || to < from || to >= asked.End)
                throw new TransientException($"{host} was asked for bytes {asked.Start} to {asked.End - 1} and answered with '{response.ContentRange}'");
            if (range.Length is { } length && length != file.Size)
                throw Changed($"it has {length} bytes, it had {file.Size}");
            return new(from, to + 1);
        }
        if (!mayBeWhole)
            throw new TransientException($"{host} took ranges before and now answers one with the whole file");
        if (response.ContentLength is { } content && content != file.Size)
            throw new TransientException($"{host} sends {content} bytes where the file has {file.Size}");
        _ignoresRanges |= asked.Length < file.Size;
        return new(0, file.Size);
    }

    private HubException Changed(string how)
    {
        _changed = true;
        return new($"{what} is no longer what the hub listed: {how}. What was downloaded of it is deleted; pull again.");
    }
}
