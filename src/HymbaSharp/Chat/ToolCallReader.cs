using System.Text;

namespace HymbaSharp.Chat;

/// <summary>
/// Finds the tool calls in generated text, whole or as it arrives:
/// <c>&lt;toolcall&gt; {"name": …, "arguments": {…}} &lt;/toolcall&gt;</c>, several in a row separated by white space.
/// Text that looks like a call and is none is reported and stays text. An instance reads one answer.
/// </summary>
/// <param name="check">Says why a call is none of those that may be made, which then stays text; null where it is one. Without it all are.</param>
public sealed class ToolCallReader(Func<ToolCall, string?>? check = null)
{
    // In either marker '<' stands first and nowhere else, so that one which fails can begin again only with the character it failed on.
    private const string Opening = "<toolcall>";
    private const string Closing = "</toolcall>";

    private readonly List<ToolCall> _calls = [];
    private readonly List<MalformedToolCall> _malformed = [];

    // What has arrived and is not shown: white space that may precede a call, then part of the opening marker or a call's inside.
    private readonly StringBuilder _space = new();
    private int _matched;
    private StringBuilder? _inside;
    private bool _isInString;
    private bool _isEscaped;

    private bool _endsWithCall;
    private bool _isComplete;

    /// <summary>The calls found so far, in order.</summary>
    public IReadOnlyList<ToolCall> Calls => _calls;

    /// <summary>What was marked as a call so far and is none, in order.</summary>
    public IReadOnlyList<MalformedToolCall> Malformed => _malformed;

    /// <summary>Reads a whole text.</summary>
    public static ToolCallReading Read(string text)
    {
        ToolCallReader reader = new();
        string shown = reader.Append(text) + reader.Complete();
        return new ToolCallReading(shown, reader._calls, reader._malformed);
    }

    /// <summary>Takes the next piece of the text; returns what of the text can be shown by now.</summary>
    public string Append(string delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        StringBuilder shown = new();
        Take(delta, shown);
        return shown.ToString();
    }

    /// <summary>Ends the text; returns what was still held back and is no call.</summary>
    public string Complete()
    {
        _isComplete = true;
        StringBuilder shown = new();
        if (_inside is not null)
        {
            // A quote that was never closed hid the closing marker: now the first one counts, whatever it stands in.
            string rest = _inside.ToString();
            BeginCall();
            Take(rest, shown);
        }
        if (_inside is not null)
            Refuse(Opening + _inside, $"'{Closing}' is missing", shown);
        else if (_matched > 0)
            Show(Opening[.._matched], shown);
        if (!_endsWithCall)
            _ = shown.Append(_space);
        _ = _space.Clear();
        return shown.ToString();
    }

    private void Take(string text, StringBuilder shown)
    {
        foreach (char c in text)
        {
            if (_inside is null)
                TakeOutside(c, shown);
            else
                TakeInside(c, shown);
        }
    }

    private void TakeOutside(char c, StringBuilder shown)
    {
        if (c == Opening[_matched])
        {
            if (++_matched == Opening.Length)
                BeginCall();
            return;
        }
        if (_matched > 0)
            Show(Opening[.._matched], shown);
        _matched = c == Opening[0] ? 1 : 0;
        if (char.IsWhiteSpace(c))
            _ = _space.Append(c);
        else if (_matched == 0)
            Show(c.ToString(), shown);
    }

    private void BeginCall()
    {
        _inside = new StringBuilder();
        _matched = 0;
        _isInString = _isEscaped = false;
    }

    private void TakeInside(char c, StringBuilder shown)
    {
        _ = _inside!.Append(c);
        // The marker may stand in a string of the arguments. No JSON string holds a line break: a quote left open ends there.
        bool wasInString = _isInString;
        if (_isInString)
            _isInString = c != '\n' && (c != '"' || _isEscaped);
        else
            _isInString = c == '"' && !_isComplete;
        _isEscaped = wasInString && c == '\\' && !_isEscaped;

        if (wasInString)
            _matched = 0;
        else if (c == Closing[_matched])
            _matched++;
        else
            _matched = c == Closing[0] ? 1 : 0;
        if (_matched == Closing.Length)
            EndCall(shown);
    }

    private void EndCall(StringBuilder shown)
    {
        string text = _inside!.ToString(0, _inside.Length - Closing.Length);
        if (ToolCallSyntax.TryParse(text, out ToolCall? call, out string? reason) && (reason = check?.Invoke(call)) is null)
        {
            _calls.Add(call);
            _ = _space.Clear();
            _endsWithCall = true;
        }
        else
        {
            Refuse(Opening + text + Closing, reason, shown);
        }
        _inside = null;
        _matched = 0;
    }

    private void Refuse(string text, string reason, StringBuilder shown)
    {
        _malformed.Add(new MalformedToolCall(text, reason));
        Show(text, shown);
    }

    private void Show(string text, StringBuilder shown)
    {
        _ = shown.Append(_space).Append(text);
        _ = _space.Clear();
        _endsWithCall = false;
    }
}
