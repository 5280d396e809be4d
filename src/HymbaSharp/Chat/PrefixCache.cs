namespace HymbaSharp.Chat;

/// <summary>
/// Sessions that stand at ends of turns. As a state can't be rewound, a prompt goes on from the one that has passed the longest
/// part of it; the others stay for what comes after an undo.
/// </summary>
internal sealed class PrefixCache(HymbaModel model) : IDisposable
{
    // Each holds its own recurrent state, 8 MB at 1.5B; keys and values they share.
    private const int KeptSessions = 8;

    private readonly List<HymbaSession> _sessions = [];

    /// <summary>A session of its own that has passed a beginning of <paramref name="tokens"/>, as long a one as there is.</summary>
    public HymbaSession Take(ReadOnlySpan<int> tokens)
    {
        HymbaSession? longest = null;
        foreach (HymbaSession session in _sessions)
        {
            if (session.TokenCount > (longest?.TokenCount ?? 0) && tokens.StartsWith(session.Tokens))
                longest = session;
        }
        return longest?.Fork() ?? model.StartSession();
    }

    /// <summary>Keeps a session, which now belongs here; the oldest makes room.</summary>
    public void Keep(HymbaSession session)
    {
        _sessions.Add(session);
        if (_sessions.Count > KeptSessions)
        {
            _sessions[0].Dispose();
            _sessions.RemoveAt(0);
        }
    }

    public void Dispose()
    {
        foreach (HymbaSession session in _sessions)
            session.Dispose();
        _sessions.Clear();
    }
}
