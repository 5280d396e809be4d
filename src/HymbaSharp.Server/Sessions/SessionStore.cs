using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Server.Api;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HymbaSharp.Server.Sessions;

/// <summary>
/// The sessions of a server. One that has not been used for a while goes to its file, state and messages, and comes back when it is; so do all when
/// the server ends. Files are written whole or not at all, and found again by the next server.
/// </summary>
internal sealed partial class SessionStore(ServedModel model, ServerOptions options, ILogger<SessionStore> logger) : BackgroundService
{
    private const string Prefix = "sess_";
    private const int IdLength = 37;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly ConcurrentDictionary<string, ServerSession> _sessions = new();
    private readonly string _folder = options.SessionFolder ?? ServerOptions.DefaultSessionFolder;

    /// <summary>Begins a conversation.</summary>
    public ServerSession Create(string owner, ConversationOptions conversation)
    {
        ServerSession session = new(NewId(), owner, conversation);
        _sessions[session.Id] = session;
        return session;
    }

    /// <summary>An owner's sessions in memory, the last used first.</summary>
    public IReadOnlyList<ServerSession> Of(string owner) => [.. _sessions.Values.Where(session => session.Owner == owner).OrderByDescending(session => session.LastUsed)];

    /// <summary>A session, held: to be given back by <see cref="Release"/>.</summary>
    /// <exception cref="ApiException">There is none of this owner's, or another request holds it.</exception>
    public async Task<ServerSession> TakeAsync(string id, string owner)
    {
        while (true)
        {
            ServerSession session = Find(id, owner);
            if (!await session.Turn.WaitAsync(0))
                throw new ApiException(409, "invalid_request_error", $"Session '{id}' is answering another request.", "session_id", "session_busy");
            session.LastUsed = DateTimeOffset.UtcNow;
            // It may have gone to disk just before.
            if (_sessions.TryGetValue(id, out ServerSession? known) && known == session)
                return session;
            _ = session.Turn.Release();
        }
    }

    public static void Release(ServerSession session)
    {
        session.LastUsed = DateTimeOffset.UtcNow;
        _ = session.Turn.Release();
    }

    /// <summary>Where the session is to go on: the engine gets a copy of its state.</summary>
    public void Lend(ServerSession session)
    {
        if (session.State is { } state)
            model.Engine.KeepState(state.Fork());
    }

    /// <summary>Writes a session to its file; returns the file's bytes.</summary>
    public async Task<long> SaveAsync(ServerSession session)
    {
        using HymbaSession state = session.State?.Fork() ?? model.Model.StartSession();
        byte[] attachment = JsonSerializer.SerializeToUtf8Bytes(new SavedSession(session.Id, session.Owner, session.Created, session.Options, [.. session.Messages]), SessionJson.Default.SavedSession);
        await Task.Run(() =>
        {
            if (!Directory.Exists(_folder))
                _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(_folder) : Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            state.Save(FileOf(session.Id), attachment);
        });
        return new FileInfo(FileOf(session.Id)).Length;
    }

    /// <summary>Brings back a session as its file has it; what was said since is gone.</summary>
    /// <exception cref="ApiException">It was never saved.</exception>
    public void Restore(ServerSession session)
    {
        if (!File.Exists(FileOf(session.Id)))
            throw new ApiException(404, "invalid_request_error", $"Session '{session.Id}' was not saved.", "session_id", "session_not_saved");
        (SavedSession saved, HymbaSession state) = Read(session.Id);
        session.Messages.Clear();
        session.Messages.AddRange(saved.Messages);
        session.Replace(state);
    }

    /// <summary>A session of its own that goes on from here.</summary>
    public ServerSession Fork(ServerSession session)
    {
        ServerSession fork = new(NewId(), session.Owner, session.Options) { Messages = [.. session.Messages], State = session.State?.Fork() };
        _sessions[fork.Id] = fork;
        return fork;
    }

    /// <summary>Forgets all after the first so many messages. The engine still has the states of earlier turns, as long as there is room.</summary>
    public static void Rewind(ServerSession session, int messages)
    {
        session.Messages.RemoveRange(messages, session.Messages.Count - messages);
        session.Replace(null);
    }

    /// <summary>Forgets a session, and its file.</summary>
    public void Delete(ServerSession session)
    {
        _ = _sessions.TryRemove(session.Id, out _);
        session.Dispose();
        File.Delete(FileOf(session.Id));
    }

    /// <summary>Sends idle sessions to disk.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(TimeSpan.FromTicks(Math.Clamp(options.SessionIdle.Ticks / 4, TimeSpan.TicksPerMillisecond * 20, TimeSpan.TicksPerMinute)));
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await SpillAsync(DateTimeOffset.UtcNow - options.SessionIdle);
        }
        catch (OperationCanceledException)
        {
            await SpillAsync(DateTimeOffset.MaxValue);
        }
    }

    private async Task SpillAsync(DateTimeOffset usedBefore)
    {
        foreach (ServerSession session in _sessions.Values.Where(session => session.LastUsed < usedBefore))
        {
            if (!await session.Turn.WaitAsync(0))
                continue;
            try
            {
                _ = await SaveAsync(session);
                if (_sessions.TryRemove(session.Id, out _))
                    session.Dispose();
                LogSpilled(session.Id);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogNotSpilled(session.Id, error);
            }
            finally
            {
                _ = session.Turn.Release();
            }
        }
    }

    private ServerSession Find(string id, string owner)
    {
        if (!_sessions.TryGetValue(id, out ServerSession? session) && IsId(id) && File.Exists(FileOf(id)))
        {
            (SavedSession saved, HymbaSession state) = Read(id);
            ServerSession found = new(id, saved.Owner, saved.Options) { Created = saved.Created, Messages = [.. saved.Messages], State = state };
            session = _sessions.GetOrAdd(id, found);
            if (session != found)
                found.Dispose();
            LogWoken(id);
        }
        // Another's session is as unknown as none.
        return session?.Owner == owner ? session : throw new ApiException(404, "invalid_request_error", $"There is no session '{id}'.", "session_id", "session_not_found");
    }

    private (SavedSession Saved, HymbaSession State) Read(string id)
    {
        HymbaSession state = model.Model.RestoreSession(FileOf(id));
        try
        {
            SavedSession saved = JsonSerializer.Deserialize(state.Attachment.Span, SessionJson.Default.SavedSession)!;
            return saved.Id == id ? (saved, state) : throw ApiException.Invalid($"The file of session '{id}' holds another session.", "session_id", "session_damaged");
        }
        catch (JsonException error)
        {
            state.Dispose();
            throw ApiException.Invalid($"The file of session '{id}' holds no session of a server: {error.Message}", "session_id", "session_damaged");
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    private string FileOf(string id) => Path.Combine(_folder, $"{id}.session");

    private static string NewId() => Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes((IdLength - Prefix.Length) / 2));

    // Ids become names of files.
    private static bool IsId(string id) => id.Length == IdLength && id.StartsWith(Prefix, StringComparison.Ordinal) && id.AsSpan(Prefix.Length).IndexOfAnyExcept(Digits) < 0;

    [LoggerMessage(10, LogLevel.Information, "Session {Id} went to disk")]
    private partial void LogSpilled(string id);

    [LoggerMessage(11, LogLevel.Information, "Session {Id} came back from disk")]
    private partial void LogWoken(string id);

    [LoggerMessage(12, LogLevel.Error, "Session {Id} stays in memory: it can't be written")]
    private partial void LogNotSpilled(string id, Exception error);
}
