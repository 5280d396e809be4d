using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HymbaSharp.Chat;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>Makes contents of a reply's text as it arrives: text that is final, and calls that are complete.</summary>
/// <param name="hasTools">Whether a call in the text is one; else it stays text.</param>
/// <param name="allowsSeveralCalls">Whether the reply goes on after a call.</param>
internal sealed class ReplyReader(bool hasTools, bool allowsSeveralCalls)
{
    private readonly ToolCallReader? _calls = hasTools ? new ToolCallReader() : null;
    private readonly StringBuilder _text = new();

    // White space that may be the end of the turn, which the template writes.
    private readonly StringBuilder _space = new();

    /// <summary>The reply as the model wrote it, calls included.</summary>
    public string Text => _text.ToString();

    /// <summary>Calls found.</summary>
    public int Calls { get; private set; }

    /// <summary>Whether the reply has made the only call it may, so that what follows is not part of it.</summary>
    public bool HasEnded => !allowsSeveralCalls && Calls > 0;

    /// <summary>Takes the next piece of the text.</summary>
    public IEnumerable<AIContent> Append(string delta)
    {
        // A call is complete with its last '>': cut there, text and calls come in their order.
        for (int start = 0, end; start < delta.Length && !HasEnded; start = end)
        {
            end = delta.IndexOf('>', start) + 1;
            if (end == 0)
                end = delta.Length;
            string piece = delta[start..end];
            _ = _text.Append(piece);
            foreach (AIContent content in Contents(_calls is null ? piece : _calls.Append(piece)))
                yield return content;
        }
    }

    /// <summary>Ends the text.</summary>
    /// <param name="endsTurn">Whether the model ended it, so that white space at its end is the template's.</param>
    public IEnumerable<AIContent> Complete(bool endsTurn)
    {
        if (HasEnded)
            yield break;
        if (_calls is not null)
        {
            foreach (AIContent content in Contents(_calls.Complete()))
                yield return content;
        }
        if (!endsTurn && _space.Length > 0)
            yield return new TextContent(_space.ToString());
    }

    private IEnumerable<AIContent> Contents(string shown)
    {
        string text = shown.TrimEnd();
        if (text.Length > 0)
        {
            string whole = _space.Append(text).ToString();
            _ = _space.Clear();
            yield return new TextContent(whole);
        }
        _ = _space.Append(shown, text.Length, shown.Length - text.Length);
        while (Calls < (_calls?.Calls.Count ?? 0) && !HasEnded)
            yield return Content(_calls!.Calls[Calls++]);
    }

    private static FunctionCallContent Content(ToolCall call) => new(
        $"call_{RandomNumberGenerator.GetHexString(32, lowercase: true)}",
        call.Name,
        call.Arguments.EnumerateObject().GroupBy(member => member.Name).ToDictionary(
            member => member.Key,
            member => member.Last().Value is { ValueKind: not JsonValueKind.Null } value ? (object?)value : null));
}
