namespace HymbaSharp.Chat;

/// <summary>
/// A chat template could not be parsed or rendered: a mistake in the template, a value it does not know how to use, a limit it
/// ran into, or a message it raised itself with <c>raise_exception</c>.
/// </summary>
public sealed class ChatTemplateException : HymbaException
{
    internal ChatTemplateException(string message, int line, int column)
        : base(line == 0 ? $"Chat template: {message}" : $"Chat template, line {line}, column {column}: {message}")
    {
        Reason = message;
        Line = line;
        Column = column;
    }

    /// <summary>What was wrong, without the place; for <c>raise_exception(message)</c> the template's own words.</summary>
    public string Reason { get; }

    /// <summary>The line in the template, from 1; 0 when the fault lies in what was to be rendered.</summary>
    public int Line { get; }

    /// <summary>The column in the line, in UTF-16 units from 1; 0 when the fault lies in what was to be rendered.</summary>
    public int Column { get; }
}
