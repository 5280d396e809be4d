namespace HymbaSharp.Generation;

/// <summary>
/// Sessions that stand where others may go on: at ends of prompts and replies, and where prompts that began alike went apart. As a state can't be
/// rewound, a prompt goes on from the one that has passed the longest beginning of it; the others stay for what comes after. The one that was not
/// used for longest makes room. For one thread.
/// </summary>
/// <param name="model">Whose sessions they are.</param>
/// <param name="maxSessions">The most that are kept.</param>
/// <param name="maxBytes">The most bytes that their states take, pages that they share counted for each.</param>
internal sealed class PrefixCache(HymbaModel model, int maxSessions, long maxBytes = long.MaxValue) : IDisposable
{
    private readonly List<HymbaSession> _sessions = []; // the last one used stands last
    private readonly HashSet<HymbaSession> _pinned = []; // that make no room

    /// <summary>Sessions kept.</summary>
    public int Count => _sessions.Count;

    /// <summary>Bytes of their states.</summary>
    public long Bytes { get; private set; }

    /// <summary>A session of its own that has passed a beginning of <paramref name="tokens"/>, as long a one as there is.</summary>
    public HymbaSession Take(ReadOnlySpan<int> tokens)
    {
        HymbaSession? longest = null;
        foreach (HymbaSession session in _sessions)
        {
            // One that has passed all of them must know what comes next.
            if (session.TokenCount > (longest?.TokenCount ?? 0) && tokens.StartsWith(session.Tokens) && (session.HasLogits || session.TokenCount < tokens.Length))
                longest = session;
        }
        if (longest is null)
            return model.StartSession();
        _ = _sessions.Remove(longest);
        _sessions.Add(longest);
        return longest.Fork();
    }

    /// <summary>How many tokens the text has in common with the kept session that begins most alike, whether or not that one goes on otherwise.</summary>
    public int CommonLength(ReadOnlySpan<int> tokens)
    {
        int longest = 0;
        foreach (HymbaSession session in _sessions)
            longest = Math.Max(longest, tokens.CommonPrefixLength(session.Tokens));
        return longest;
    }

    /// <summary>Keeps a session, which now belongs here; one that is pinned for good.</summary>
    public void Keep(HymbaSession session, bool isPinned = false)
    {
        int same = _sessions.FindIndex(kept => kept.TokenCount == session.TokenCount && kept.Tokens.SequenceEqual(session.Tokens));
        if (same >= 0)
        {
            isPinned |= _pinned.Contains(_sessions[same]);
            Drop(same);
        }
        _sessions.Add(session);
        if (isPinned)
            _ = _pinned.Add(session);
        Bytes += session.StateBytes;
        while (_sessions.Count > maxSessions || Bytes > maxBytes)
        {
            int oldest = _sessions.FindIndex(kept => !_pinned.Contains(kept));
            if (oldest < 0)
                break;
            Drop(oldest);
        }
    }

    /// <summary>Forgets all.</summary>
    public void Dispose()
    {
        while (_sessions.Count > 0)
            Drop(_sessions.Count - 1);
    }

    private void Drop(int index)
    {
        Bytes -= _sessions[index].StateBytes;
        _ = _pinned.Remove(_sessions[index]);
        _sessions[index].Dispose();
        _sessions.RemoveAt(index);
    }
}
