namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// Downloads checkpoints from the Hugging Face hub or a mirror into the cache. Interrupted pulls continue where they stopped, every file
/// is checked against its hash, and several processes may pull the same repository at once.
/// </summary>
public sealed class HubClient : IDisposable
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);

    private readonly HubCache _cache;
    private readonly HubClientOptions _options;
    private readonly HubHttp _http;

    /// <summary>Creates a client; nothing is sent before the first pull.</summary>
    /// <param name="cache">Where checkpoints go. Default: the cache that the environment names.</param>
    /// <param name="options">How the hub is reached. Default: <see cref="HubClientOptions.FromEnvironment"/>.</param>
    /// <exception cref="HubException">An option is out of its range, or the environment holds an unusable value.</exception>
    public HubClient(HubCache? cache = null, HubClientOptions? options = null)
    {
        _cache = cache ?? new();
        _options = options ?? HubClientOptions.FromEnvironment();
        _options.Validate();
        _http = new(_options);
    }

    /// <summary>
    /// Brings a checkpoint into the cache: its configuration, tokenizer, chat template, safetensors weights, licence and README. Only what is missing is downloaded.
    /// </summary>
    /// <param name="repository">owner/name.</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <param name="progress">Told about each file about ten times a second, one report at a time, from a thread of the pool.</param>
    /// <param name="cancellationToken">Stops the pull; what is downloaded stays for the next one.</param>
    /// <returns>The folder that holds the checkpoint's files.</returns>
    /// <exception cref="HubException">The checkpoint could not be downloaded; the message says why and what to do.</exception>
    /// <exception cref="OperationCanceledException">The pull was cancelled.</exception>
    public Task<string> PullAsync(
        string repository, string revision = "main", IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        RepositoryFolder folder = _cache.Repository(repository);
        HubNames.RequireRevision(revision);
        // On the pool: file work would hold up the caller, and its synchronisation context is of no use here.
        return Task.Run(() => PullAsync(folder, repository, revision, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Closes the connections. Pulls under way fail.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<string> PullAsync(
        RepositoryFolder folder, string repository, string revision, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        PullTracker? tracker = null;
        try
        {
            RepositoryListing listing = await RepositoryListing.FetchAsync(_http, repository, revision, cancellationToken);
            foreach (string path in (string[])[folder.Blobs, folder.Locks, folder.Snapshot(listing.Commit)])
                Directory.CreateDirectory(path);
            // Equal files have one blob.
            IGrouping<string, HubFile>[] blobs = [.. listing.Files.GroupBy(file => file.Etag)];
            RequireSpace(folder, listing.Commit, blobs);

            tracker = new(progress, blobs.Sum(blob => blob.First().Size));
            await Parallel.ForEachAsync(blobs, new ParallelOptions { MaxDegreeOfParallelism = _options.MaxConnections, CancellationToken = cancellationToken },
                async (blob, token) => await BringAsync(folder, repository, listing.Commit, [.. blob], tracker.Track(blob.First()), token));
            // Last, so that the revision never stands for less than all files.
            folder.WriteReference(revision, listing.Commit);
            return folder.Snapshot(listing.Commit);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Shortage(tracker?.Missing ?? 0, _options.FreeSpace(_cache.Folder), _cache.Folder, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{repository} could not be written to the cache {_cache.Folder}: {e.Message} Set HF_HUB_CACHE to a folder you may write to.", e);
        }
    }

    private async Task BringAsync(
        RepositoryFolder folder, string repository, string commit, HubFile[] files, PullTracker.FileTracker progress, CancellationToken cancellationToken)
    {
        HubFile file = files[0];
        bool isNew = false;
        if (Unplaced(folder, commit, files).Count > 0)
        {
            using BlobLock held = await LockAsync(folder.Lock(file.Etag), file, progress, cancellationToken);
            // Again: whoever held the lock may have brought them.
            IReadOnlyList<string> names = Unplaced(folder, commit, files);
            isNew = names.Count > 0 && CheckpointFiles.LengthOf(folder.Blob(file.Etag)) != file.Size;
            if (isNew)
                await new BlobDownload(_http, _options, folder, file, RepositoryListing.AddressOf(_http, repository, commit, file.Name),
                    $"{file.Name} of {repository}", progress).RunAsync(cancellationToken);
            folder.Place(file.Etag, names, commit, isNew, _cache.AllowLinks);
        }
        if (!isNew)
            progress.Found(file.Size);
        progress.Enter(PullPhase.Done);
    }

    private static IReadOnlyList<string> Unplaced(RepositoryFolder folder, string commit, HubFile[] files) =>
        [.. files.Where(file => CheckpointFiles.LengthOf(Path.Combine(folder.Snapshot(commit), file.Name)) != file.Size).Select(file => file.Name)];

    private async Task<BlobLock> LockAsync(string path, HubFile file, PullTracker.FileTracker progress, CancellationToken cancellationToken)
    {
        long start = _options.Time.GetTimestamp();
        while (true)
        {
            if (BlobLock.TryAcquire(path) is { } held)
                return held;
            if (_options.Time.GetElapsedTime(start) > _options.LockTimeout)
                throw new HubException($"Another process has been downloading {file.Name} for {_options.LockTimeout}; it holds {path}. Let it finish, or stop it and pull again.");
            progress.Enter(PullPhase.Waiting);
            await Task.Delay(LockPoll, _options.Time, cancellationToken);
        }
    }

    /// <summary>Refuses early what the disk cannot hold. A file already begun has its space.</summary>
    private void RequireSpace(RepositoryFolder folder, string commit, IEnumerable<IGrouping<string, HubFile>> blobs)
    {
        long needed = blobs.Where(blob => Unplaced(folder, commit, [.. blob]).Count > 0
            && CheckpointFiles.LengthOf(folder.Blob(blob.Key)) is null && !PartialFile.IsBegun(folder.Blobs, blob.Key)).Sum(blob => blob.First().Size);
        if (_options.FreeSpace(_cache.Folder) is { } free && free < needed)
            throw DiskSpace.Shortage(needed, free, _cache.Folder);
    }
}
