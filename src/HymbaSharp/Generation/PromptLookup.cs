namespace HymbaSharp.Generation;

/// <summary>
/// Drafts what may come next from the sequence's own text (prompt lookup decoding): what followed the last occurrence of its last few tokens.
/// Answers that quote their context are guessed right that way. How many tokens it dares to draft follows from how many were right of late;
/// where they hardly are, it pauses, each time longer, so that text without repetition costs next to nothing.
/// </summary>
internal sealed class PromptLookup
{
    /// <summary>The most tokens of a draft: with the token before it, the eight rows that a step of few rows takes best.</summary>
    public const int MaxDraft = 7;

    private const int LongestMatch = 6;
    private const int ShortestMatch = 2;
    private const int LongestPause = 64;
    private const double Inertia = 0.6;
    private const double TooFew = 0.2;

    private readonly int _most;
    private readonly int[] _draft;
    private double _rightShare = 0.5;
    private int _pause;
    private int _nextPause = 4;

    /// <param name="most">The most tokens of a draft, 1 to <see cref="MaxDraft"/>.</param>
    public PromptLookup(int most)
    {
        _most = most;
        _draft = new int[most];
    }

    /// <summary>Tokens drafted so far.</summary>
    public int Drafted { get; private set; }

    /// <summary>Those that turned out right.</summary>
    public int Right { get; private set; }

    /// <summary>What may follow a text; empty where nothing suggests itself, or in a pause. Valid until the next call.</summary>
    public ReadOnlySpan<int> Draft(ReadOnlySpan<int> text, int most)
    {
        if (_pause > 0)
        {
            _pause--;
            return [];
        }
        int count = Math.Min(Math.Min(_most, most), Math.Max((int)Math.Round(_rightShare * (_most + 2)), 2));
        for (int length = LongestMatch; length >= ShortestMatch && count > 0; length--)
        {
            if (text.Length <= length)
                continue;
            int at = text[..^1].LastIndexOf(text[^length..]);
            if (at < 0)
                continue;
            ReadOnlySpan<int> following = text[(at + length)..];
            // A short match says little about what comes much later.
            int drafted = Math.Min(Math.Min(count, following.Length), length == ShortestMatch ? 2 : _most);
            following[..drafted].CopyTo(_draft);
            return _draft.AsSpan(0, drafted);
        }
        return [];
    }

    /// <summary>Learns how a draft did.</summary>
    public void Learn(int drafted, int right)
    {
        Drafted += drafted;
        Right += right;
        _rightShare = (Inertia * _rightShare) + ((1 - Inertia) * right / drafted);
        if (right > 0)
            _nextPause = 4;
        if (_rightShare >= TooFew)
            return;
        _pause = _nextPause;
        _nextPause = Math.Min(2 * _nextPause, LongestPause);
        // After the pause one more try, and a failure brings the next pause.
        _rightShare = TooFew;
    }
}
