using System.Text;
using HymbaSharp.Chat;
using HymbaSharp.Generation;

namespace HymbaSharp.Server.Api;

/// <summary>One reply of a chat as it is written: its text, the calls in it, and how it ended.</summary>
internal sealed class ChatReplyReader(ServedModel model, ChatRequest request)
{
    private readonly ToolCallReader? _calls = request.Tools.MayCall ? new ToolCallReader(request.Tools.Check) : null;
    private readonly List<ToolCallReply> _made = [];
    private readonly StringBuilder _written = new();
    private readonly List<int> _tokens = [];
    private string _space = ""; // at the text's end so far, shown only when more follows
    private bool _hasText = request.ContinuesLast; // then it goes on with a text that can be seen

    /// <summary>The calls made so far.</summary>
    public IReadOnlyList<ToolCallReply> Calls => _made;

    /// <summary>The ids of the reply.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The reply as the model wrote it, calls included, as far as it counts.</summary>
    public string Written => IsSatisfied ? string.Join('\n', _calls!.Calls.Take(1).Select(call => call.ToText())) : _written.ToString().Trim();

    public string? FinishReason { get; private set; }

    public GenerationStatistics? Statistics { get; private set; }

    /// <summary>Whether the request is served though the model would go on: it has made the one call that it may.</summary>
    public bool IsSatisfied => !request.ParallelCalls && _made.Count > 0;

    /// <summary>Takes an update; returns the text and the calls that are new.</summary>
    public (string Text, IReadOnlyList<ToolCallReply> Calls) Take(GenerationUpdate update)
    {
        _ = _written.Append(update.Text);
        _tokens.AddRange(update.Tokens);
        int before = _made.Count;
        string text = _calls is null ? update.Text : _calls.Append(update.Text);
        if (update.FinishReason is not null && _calls is not null)
            text += _calls.Complete();
        // A reply's text begins and ends with what can be seen.
        text = _space + text;
        if (!_hasText)
            text = text.TrimStart();
        string seen = text.TrimEnd();
        _space = text[seen.Length..];
        text = seen;
        _hasText |= text.Length > 0;
        while (_made.Count < _calls?.Calls.Count && !IsSatisfied)
        {
            ToolCall call = _calls.Calls[_made.Count];
            _made.Add(new ToolCallReply(_made.Count, ServedModel.NewId("call_"), "function", new FunctionReply(call.Name, call.Arguments.GetRawText())));
        }
        if (update.FinishReason is { } reason)
        {
            Statistics = update.Statistics;
            FinishReason = _made.Count > 0 ? "tool_calls" : reason is Generation.FinishReason.MaxTokens or Generation.FinishReason.ContextLimit ? "length" : "stop";
        }
        return (text, _made.GetRange(before, _made.Count - before));
    }

    /// <summary>The log-probabilities of an update's tokens; null where none are asked for.</summary>
    public ChatLogProbs? LogProbabilities(GenerationUpdate update) =>
        request.Options.LogProbabilities is null ? null : new ChatLogProbs([.. update.LogProbabilities.Select(token => Entry(token.Chosen) with { TopLogprobs = [.. token.Top.Select(Entry)] })]);

    private ChatLogProb Entry(TokenLogProbability token)
    {
        (string text, IReadOnlyList<int> bytes) = model.TokenText(token.Token);
        return new ChatLogProb(text, Numbers.Finite(token.LogProbability), bytes);
    }
}
