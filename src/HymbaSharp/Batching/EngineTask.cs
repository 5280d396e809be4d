using System.Diagnostics;
using System.Threading.Channels;
using HymbaSharp.Generation;

namespace HymbaSharp.Batching;

/// <summary>A request in the engine, from its arrival to the last of its replies.</summary>
internal sealed class EngineTask(EngineRequest request, long maxBytes, CancellationToken cancellation)
{
    // Written by the engine's thread, read by the caller: as many updates as the request may have tokens, so a slow reader holds nobody up.
    private readonly Channel<EngineUpdate> _updates = Channel.CreateUnbounded<EngineUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private volatile bool _abandoned;

    public EngineRequest Request => request;

    /// <summary>Bytes that the states of its replies take at most.</summary>
    public long MaxBytes => maxBytes;

    /// <summary>When it arrived.</summary>
    public long Arrival { get; } = Stopwatch.GetTimestamp();

    public ChannelReader<EngineUpdate> Updates => _updates.Reader;

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool IsCancelled => _abandoned || cancellation.IsCancellationRequested;

    /// <summary>Tokens of the prompt that were found computed.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Replies that have not ended.</summary>
    public int Open { get; set; } = request.Replies;

    /// <summary>The log-probabilities of the prompt's tokens from the second on; null where not asked for.</summary>
    public List<TokenLogProbabilities>? PromptProbabilities { get; set; } = request.PromptLogProbabilities is null ? null : new(request.Prompt.Length);

    /// <summary>Nobody reads any more.</summary>
    public void Abandon() => _abandoned = true;

    public void Write(int reply, GenerationUpdate update)
    {
        _ = _updates.Writer.TryWrite(new EngineUpdate(reply, update) { Prompt = PromptProbabilities });
        PromptProbabilities = null;
        if (update.FinishReason is not null && --Open == 0)
            _ = _updates.Writer.TryComplete();
    }

    /// <summary>Ends a request that was not begun with.</summary>
    public void CancelUnread()
    {
        GenerationStatistics nothing = new()
        {
            PromptTokens = request.Prompt.Length,
            CachedPromptTokens = 0,
            GeneratedTokens = 0,
            BytesRead = 0,
            PromptTime = TimeSpan.Zero,
            DecodeTime = TimeSpan.Zero,
            TimeToFirstToken = TimeSpan.Zero,
        };
        for (int reply = 0; reply < request.Replies; reply++)
            Write(reply, new GenerationUpdate { FinishReason = FinishReason.Cancelled, Statistics = nothing });
    }

    public void Fail(Exception error) => _ = _updates.Writer.TryComplete(error);
}

/// <summary>A sequence in the steps: it reads its prompt, then writes a reply.</summary>
internal sealed class RunningSequence(EngineTask task, int reply, HymbaSession session, ReplyWriter writer)
{
    public EngineTask Task => task;

    public int Reply => reply;

    public HymbaSession Session => session;

    public ReplyWriter Writer => writer;

    /// <summary>Tokens of the prompt that have not passed; 0 from when the reply begins.</summary>
    public int PromptLeft { get; set; } = task.Request.Prompt.Length - session.TokenCount;

    /// <summary>The token chosen last, which the next step passes.</summary>
    public int Pending { get; set; }

    /// <summary>Where the prompt parts from one that began alike: a session that stands there is kept. 0: nowhere.</summary>
    public int BranchPoint { get; set; }

    /// <summary>Steps after the prompt.</summary>
    public int Steps { get; set; }

    /// <summary>When its last token was chosen.</summary>
    public long LastToken { get; set; } = task.Arrival;

    /// <summary>The tokens that follow, at most so many.</summary>
    public ReadOnlySpan<int> NextTokens(int most)
    {
        int passed = session.TokenCount, end = BranchPoint > passed ? BranchPoint : passed + PromptLeft;
        return task.Request.Prompt.Span[passed..Math.Min(end, passed + most)];
    }

    public GenerationUpdate Counted(GenerationUpdate last) => last with { Statistics = writer.Statistics(task.Request.Prompt.Length, task.CachedTokens, Steps) };
}
