using System.Runtime.InteropServices;
using HymbaSharp.Forward;
using HymbaSharp.Generation;
using HymbaSharp.Kernels;

namespace HymbaSharp.Batching;

/// <summary>
/// Which sequences run, and their steps (continuous batching: Yu et al. 2022, Orca). A step passes a token of each reply under way, and rows of
/// prompts beside them. Requests are admitted in the order of their arrival, as soon as there is a place and memory for all that they may need.
/// For the engine's thread alone.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    // A shorter beginning in common is computed sooner than its state is kept: a state is worth some tens of tokens.
    private const int LeastBranch = 16;

    private readonly HymbaModel _model;
    private readonly int _maxSequences, _promptRows;
    private readonly long _stateBytes;
    private readonly PrefixCache _prefixes;
    private readonly EngineMeter _meter;
    private readonly List<RunningSequence> _running = [];
    private readonly List<(RunningSequence Sequence, int Rows)> _step = [];
    private readonly List<StepSlice> _slices = [];
    private readonly List<int> _logitRows = [];
    private readonly int[] _tokens;

    public Scheduler(HymbaModel model, HymbaEngineOptions options, long stateBytes, long prefixBytes, EngineMeter meter)
    {
        _model = model;
        (_maxSequences, _promptRows, _stateBytes) = (options.MaxSequences, options.PromptRows, stateBytes);
        _prefixes = new PrefixCache(model, maxSessions: 4096, prefixBytes);
        _meter = meter;
        _tokens = new int[model.Forward.MaxRows];
    }

    /// <summary>Whether no sequence runs.</summary>
    public bool IsIdle => _running.Count == 0;

    /// <summary>Places taken, those of replies included that wait for their prompt.</summary>
    public int Places { get; private set; }

    /// <summary>Bytes set aside for the sequences that run.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>The prompts' beginnings that are kept, and the bytes of their states.</summary>
    public (int Count, long Bytes) Prefixes => (_prefixes.Count, _prefixes.Bytes);

    /// <summary>A copy of the state that has passed the longest beginning of some tokens; null where none is kept.</summary>
    public HymbaSession? CopyPrefix(ReadOnlySpan<int> tokens)
    {
        HymbaSession session = _prefixes.Take(tokens);
        if (session.TokenCount > 0)
            return session;
        session.Dispose();
        return null;
    }

    /// <summary>Keeps a state, which now belongs here.</summary>
    public void KeepPrefix(HymbaSession session, bool isPinned) => _prefixes.Keep(session, isPinned);

    /// <summary>Begins with a request; false where it must wait.</summary>
    public bool TryAdmit(EngineTask task)
    {
        int replies = task.Request.Replies;
        if (Places + replies > _maxSequences || ReservedBytes + task.MaxBytes > _stateBytes)
            return false;
        ReadOnlySpan<int> prompt = task.Request.Prompt.Span;
        bool needsAll = task.Request.PromptLogProbabilities is not null;
        ReplyWriter writer = NewWriter(task, 0);
        writer.AcceptPrompt(prompt);
        HymbaSession session = needsAll ? _model.StartSession() : _prefixes.Take(prompt);
        task.CachedTokens = session.TokenCount;
        int common = _prefixes.CommonLength(prompt);
        RunningSequence sequence = new(task, 0, session, writer) { BranchPoint = common >= session.TokenCount + LeastBranch && common < prompt.Length ? common : 0 };
        Places += replies;
        ReservedBytes += task.MaxBytes;
        _meter.Admitted(task);
        _running.Add(sequence);
        if (sequence.PromptLeft == 0)
            Attempt(sequence, BeginReplies);
        return true;
    }

    /// <summary>Ends the sequences that nobody waits for, then runs one step of the others. What fails ends with its error.</summary>
    public void Step()
    {
        foreach (RunningSequence sequence in _running.Where(sequence => sequence.Task.IsCancelled).ToArray())
            Cancel(sequence);
        if (_running.Count == 0)
            return;
        try
        {
            int rows = Gather();
            lock (_model.Forward.Gate)
            {
                _model.ThrowIfDisposed();
                Pass(_model.Forward.Step(CollectionsMarshal.AsSpan(_slices), _tokens.AsSpan(0, rows), CollectionsMarshal.AsSpan(_logitRows)));
            }
            _meter.Stepped(_step.Count, rows);
        }
        catch (Exception error)
        {
            foreach (EngineTask task in _step.Select(entry => entry.Sequence.Task).Distinct().ToArray())
                Fail(task, error);
            return;
        }
        foreach ((RunningSequence sequence, _) in _step)
        {
            // One that failed takes the other replies of its request with it.
            if (sequence.Task.Open > 0)
                Attempt(sequence, Advance);
        }
    }

    /// <summary>Ends all sequences as cancelled.</summary>
    public void CancelAll()
    {
        foreach (RunningSequence sequence in _running.ToArray())
            Cancel(sequence);
    }

    public void Dispose()
    {
        CancelAll();
        _prefixes.Dispose();
    }

    private ReplyWriter NewWriter(EngineTask task, int reply)
    {
        GenerationOptions options = task.Request.Options;
        if (reply > 0 && options.Seed is { } seed)
            options = options with { Seed = seed + (ulong)reply };
        return new ReplyWriter(_model, options, task.Request.ContinuesText);
    }

    /// <summary>Chooses the rows of a step: the replies', then those of prompts. Returns how many there are.</summary>
    private int Gather()
    {
        _step.Clear();
        _slices.Clear();
        _logitRows.Clear();
        int rows = 0;
        foreach (RunningSequence sequence in _running)
        {
            if (sequence.PromptLeft == 0)
                rows = Add(sequence, [sequence.Pending], rows);
        }
        int left = rows == 0 ? _tokens.Length : Math.Min(_promptRows, _tokens.Length - rows);
        // Half of the rows go to the prompt that came first, so that a long one gets on; the rest to those that are soon done.
        bool isFirst = true;
        foreach (RunningSequence sequence in PromptsInTurn())
        {
            if (left == 0)
                break;
            ReadOnlySpan<int> tokens = sequence.NextTokens(isFirst && _running.Count(other => other.PromptLeft > 0) > 1 ? Math.Max(1, left / 2) : left);
            rows = Add(sequence, tokens, rows);
            left -= tokens.Length;
            isFirst = false;
        }
        return rows;
    }

    private IEnumerable<RunningSequence> PromptsInTurn()
    {
        RunningSequence? first = _running.Find(sequence => sequence.PromptLeft > 0);
        if (first is null)
            return [];
        return _running.Where(sequence => sequence.PromptLeft > 0 && sequence != first).OrderBy(sequence => sequence.PromptLeft).Prepend(first);
    }

    private int Add(RunningSequence sequence, ReadOnlySpan<int> tokens, int rows)
    {
        tokens.CopyTo(_tokens.AsSpan(rows));
        _step.Add((sequence, tokens.Length));
        _slices.Add(sequence.Session.Slice(tokens.Length));
        if (sequence.Task.PromptProbabilities is not null)
        {
            for (int i = 0; i < tokens.Length; i++)
                _logitRows.Add(rows + i);
        }
        else if (NeedsLogits(sequence, tokens.Length))
        {
            _logitRows.Add(rows + tokens.Length - 1);
        }
        return rows + tokens.Length;
    }

    private static bool NeedsLogits(RunningSequence sequence, int tokens) =>
        sequence.PromptLeft <= tokens || sequence.Session.TokenCount + tokens == sequence.BranchPoint;

    /// <summary>Gives the sequences of a step what it computed for them.</summary>
    private void Pass(Matrix logits)
    {
        int row = 0, logitRow = 0;
        foreach ((RunningSequence sequence, int count) in _step)
        {
            ReadOnlySpan<float> last = [];
            if (sequence.Task.PromptProbabilities is { } probabilities)
            {
                for (int i = 0; i < count; i++, logitRow++)
                    AddPromptProbability(sequence, probabilities, sequence.Session.TokenCount + i + 1, logits.Row(logitRow));
                last = logits.Row(logitRow - 1);
            }
            else if (NeedsLogits(sequence, count))
            {
                last = logits.Row(logitRow++);
            }
            sequence.Session.Passed(_tokens.AsSpan(row, count), last);
            row += count;
        }
    }

    private static void AddPromptProbability(RunningSequence sequence, List<TokenLogProbabilities> probabilities, int next, ReadOnlySpan<float> logits)
    {
        EngineRequest request = sequence.Task.Request;
        if (next < request.Prompt.Length)
            probabilities.Add(LogProbabilities.Compute(logits, request.Prompt.Span[next], request.PromptLogProbabilities!.Value));
    }

    private void Attempt(RunningSequence sequence, Action<RunningSequence> work)
    {
        try
        {
            work(sequence);
        }
        catch (Exception error)
        {
            Fail(sequence.Task, error);
        }
    }

    /// <summary>What a step means for a sequence: it has read on, or a token of its reply can be chosen.</summary>
    private void Advance(RunningSequence sequence)
    {
        if (sequence.PromptLeft == 0)
        {
            sequence.Steps++;
            Choose(sequence);
            return;
        }
        HymbaSession session = sequence.Session;
        sequence.PromptLeft = sequence.Task.Request.Prompt.Length - session.TokenCount;
        if (sequence.PromptLeft == 0)
            BeginReplies(sequence);
        else if (session.TokenCount == sequence.BranchPoint)
            _prefixes.Keep(session.Fork());
    }

    private void BeginReplies(RunningSequence first)
    {
        EngineTask task = first.Task;
        _prefixes.Keep(first.Session.Fork());
        _meter.PromptRead(task);
        List<RunningSequence> sequences = [first];
        for (int reply = 1; reply < task.Request.Replies; reply++)
        {
            ReplyWriter writer = NewWriter(task, reply);
            writer.AcceptPrompt(task.Request.Prompt.Span);
            RunningSequence sequence = new(task, reply, first.Session.Fork(), writer);
            sequences.Add(sequence);
            _running.Add(sequence);
        }
        foreach (RunningSequence sequence in sequences)
        {
            sequence.Writer.PromptPassed();
            if (task.Request.Options.MaxTokens == 0)
                End(sequence, sequence.Writer.End(FinishReason.MaxTokens));
            else if (task.Open > 0)
                Choose(sequence);
        }
    }

    private void Choose(RunningSequence sequence)
    {
        GenerationUpdate update = sequence.Writer.Next(sequence.Session.Logits, sequence.Session.TokenCount, sequence.Task.IsCancelled);
        _meter.TokenChosen(sequence);
        if (update.FinishReason is not null)
        {
            End(sequence, update);
            return;
        }
        sequence.Pending = update.Tokens[0];
        sequence.Task.Write(sequence.Reply, update);
    }

    private void Cancel(RunningSequence sequence)
    {
        // Replies that wait for their prompt end with the first.
        int waiting = sequence.PromptLeft > 0 ? sequence.Task.Request.Replies : 1;
        for (int i = 1; i < waiting; i++)
            sequence.Task.Write(i, sequence.Counted(sequence.Writer.End(FinishReason.Cancelled)));
        Places -= waiting - 1;
        End(sequence, sequence.Writer.End(FinishReason.Cancelled));
    }

    private void End(RunningSequence sequence, GenerationUpdate last)
    {
        EngineTask task = sequence.Task;
        _ = _running.Remove(sequence);
        Places--;
        if (sequence.Session.TokenCount > 0)
            _prefixes.Keep(sequence.Session);
        else
            sequence.Session.Dispose();
        task.Write(sequence.Reply, sequence.Counted(last));
        if (task.Open == 0)
        {
            ReservedBytes -= task.MaxBytes;
            _meter.Ended(task, last.FinishReason!.Value);
        }
    }

    private void Fail(EngineTask task, Exception error)
    {
        foreach (RunningSequence sequence in _running.Where(sequence => sequence.Task == task).ToArray())
        {
            _ = _running.Remove(sequence);
            sequence.Session.Dispose();
        }
        Places -= task.Open;
        task.Open = 0;
        ReservedBytes -= task.MaxBytes;
        task.Fail(error);
        _meter.Failed(task);
    }
}
