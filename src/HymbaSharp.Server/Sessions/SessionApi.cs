using HymbaSharp.Chat;
using HymbaSharp.Server.Api;
using HymbaSharp.Server.Operations;

namespace HymbaSharp.Server.Sessions;

/// <summary>
/// <c>/v1/sessions</c>: conversations that the server keeps, named by <c>session_id</c> in a chat request, which then brings new messages alone.
/// Only the key that made a session can use it.
/// </summary>
internal sealed class SessionApi(SessionStore store)
{
    /// <summary>Whose sessions a request may use.</summary>
    public static string OwnerOf(HttpContext context) => context.Items[Keys.Item] as string ?? "";

    /// <summary><c>POST /v1/sessions</c>: begins one, with <c>system</c>, <c>tools</c> and <c>contexts</c>.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        ConversationOptions conversation = new() { System = fields.Text("system"), Tools = ToolSet.Read(fields).Definitions, Contexts = fields.Texts("contexts") };
        await WriteAsync(context, EntryOf(store.Create(OwnerOf(context), conversation)));
    }

    /// <summary><c>GET /v1/sessions</c>: those in memory.</summary>
    public Task ListAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new SessionList("list", [.. store.Of(OwnerOf(context)).Select(EntryOf)]), ServerJson.Plain.SessionList, cancellationToken: context.RequestAborted);

    /// <summary><c>GET /v1/sessions/ID</c>.</summary>
    public Task ShowAsync(HttpContext context) => WithAsync(context, session => Task.FromResult(EntryOf(session)));

    /// <summary><c>DELETE /v1/sessions/ID</c>.</summary>
    public async Task DeleteAsync(HttpContext context)
    {
        ServerSession session = await TakeAsync(context);
        store.Delete(session);
        await context.Response.WriteAsJsonAsync(new Deleted(session.Id, "session.deleted", true), ServerJson.Plain.Deleted, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>POST /v1/sessions/ID/save</c>: writes it to disk, where the next server finds it.</summary>
    public Task SaveAsync(HttpContext context) => WithAsync(context, async session =>
    {
        long bytes = await store.SaveAsync(session);
        return EntryOf(session) with { SavedBytes = bytes };
    });

    /// <summary><c>POST /v1/sessions/ID/restore</c>: back to what was saved.</summary>
    public Task RestoreAsync(HttpContext context) => WithAsync(context, session =>
    {
        store.Restore(session);
        return Task.FromResult(EntryOf(session));
    });

    /// <summary><c>POST /v1/sessions/ID/fork</c>: another session that goes on from here.</summary>
    public Task ForkAsync(HttpContext context) => WithAsync(context, session => Task.FromResult(EntryOf(store.Fork(session))));

    /// <summary><c>POST /v1/sessions/ID/rewind</c>: forgets all after the first <c>messages</c>; without a number the last message of the user and all after it.</summary>
    public async Task RewindAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        int? asked = fields.Whole("messages");
        await WithAsync(context, session =>
        {
            int kept = asked ?? Math.Max(0, session.Messages.FindLastIndex(message => message.Role == "user"));
            if (kept < 0 || kept > session.Messages.Count)
                throw ApiException.Invalid($"'messages' is {kept}; the session has {session.Messages.Count}, of which 0 or more are kept.", "messages");
            SessionStore.Rewind(session, kept);
            return Task.FromResult(EntryOf(session));
        });
    }

    private Task<ServerSession> TakeAsync(HttpContext context) => store.TakeAsync($"{context.Request.RouteValues["id"]}", OwnerOf(context));

    private async Task WithAsync(HttpContext context, Func<ServerSession, Task<SessionEntry>> work)
    {
        ServerSession session = await TakeAsync(context);
        try
        {
            await WriteAsync(context, await work(session));
        }
        finally
        {
            SessionStore.Release(session);
        }
    }

    private static SessionEntry EntryOf(ServerSession session) =>
        new(session.Id, "session", session.Created.ToUnixTimeSeconds(), session.LastUsed.ToUnixTimeSeconds(), session.Messages.Count, session.State?.TokenCount ?? 0, session.State?.StateBytes ?? 0);

    private static Task WriteAsync(HttpContext context, SessionEntry entry) => context.Response.WriteAsJsonAsync(entry, ServerJson.Plain.SessionEntry, cancellationToken: context.RequestAborted);
}
