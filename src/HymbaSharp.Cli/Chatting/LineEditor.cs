using System.Text;
using Spectre.Console.Rendering;

namespace HymbaSharp.Cli.Chatting;

/// <summary>Reads a line key by key: the cursor moves, earlier lines come back, and Ctrl-C asks before it leaves.</summary>
/// <param name="keys">Waits for the next key.</param>
/// <param name="screen">A terminal that understands ANSI sequences.</param>
/// <param name="width">Its width in cells.</param>
internal sealed class LineEditor(Func<ConsoleKeyInfo> keys, TextWriter screen, Func<int> width) : ILineSource
{
    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private string _prompt = "";
    private int _cursor;
    private int _row; // of the cursor, counted from the row of the prompt
    private int _shown; // the line of the history that is edited; its count for the new one
    private string _draft = "";

    /// <summary>An editor on the process's terminal.</summary>
    public static LineEditor OfProcess(TextWriter screen) => new(() => Console.ReadKey(intercept: true), screen, () => Math.Max(Console.BufferWidth, 2));

    public async Task<string?> ReadAsync(string prompt, CancellationToken cancellationToken)
    {
        // Here Ctrl-C is a key; while a reply is written it is a signal.
        Console.TreatControlCAsInput = true;
        try
        {
            return await Task.Run(() => Read(prompt), cancellationToken).WaitAsync(cancellationToken);
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }

    /// <summary>The line, or null after Ctrl-D on an empty one or a second Ctrl-C.</summary>
    public string? Read(string prompt)
    {
        _prompt = prompt;
        Replace("");
        _row = 0;
        _shown = _history.Count;
        _draft = "";
        bool isAsked = false;
        Show();
        while (true)
        {
            ConsoleKeyInfo key = keys();
            bool isControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
            if (isControl && key.Key == ConsoleKey.C)
            {
                bool isEmpty = _line.Length == 0;
                Leave();
                if (isEmpty && isAsked)
                    return null;
                if (isEmpty)
                    screen.Write("Press Ctrl-C again, or Ctrl-D, or type /exit to leave.\n");
                isAsked = isEmpty;
                Replace("");
            }
            else if (isControl && key.Key == ConsoleKey.D && _line.Length == 0)
            {
                Leave();
                return null;
            }
            else if (key.Key == ConsoleKey.Enter || (isControl && key.Key == ConsoleKey.J))
            {
                return Accept();
            }
            else
            {
                isAsked = false;
                Edit(key, isControl);
            }
            // Half a character cannot be drawn; its other half is the next key.
            if (_cursor == 0 || !char.IsHighSurrogate(_line[_cursor - 1]))
                Show();
        }
    }

    private string Accept()
    {
        Leave();
        string line = _line.ToString();
        if (line.Length > 0 && (_history.Count == 0 || _history[^1] != line))
            _history.Add(line);
        return line;
    }

    private void Edit(ConsoleKeyInfo key, bool isControl)
    {
        switch (isControl ? Plain(key.Key) : key.Key)
        {
            case ConsoleKey.LeftArrow:
                _cursor -= Before();
                break;
            case ConsoleKey.RightArrow:
                _cursor += After();
                break;
            case ConsoleKey.Home:
                _cursor = 0;
                break;
            case ConsoleKey.End:
                _cursor = _line.Length;
                break;
            case ConsoleKey.UpArrow:
                Recall(_shown - 1);
                break;
            case ConsoleKey.DownArrow:
                Recall(_shown + 1);
                break;
            case ConsoleKey.Backspace:
                Remove(_cursor - Before(), _cursor);
                break;
            case ConsoleKey.Delete:
                Remove(_cursor, _cursor + After());
                break;
            case ConsoleKey.U when isControl:
                Remove(0, _cursor);
                break;
            case ConsoleKey.K when isControl:
                Remove(_cursor, _line.Length);
                break;
            case ConsoleKey.W when isControl:
                Remove(WordBefore(), _cursor);
                break;
            default:
                if (!char.IsControl(key.KeyChar) && !isControl)
                    _ = _line.Insert(_cursor++, key.KeyChar);
                break;
        }
    }

    /// <summary>The key that does the same as this one together with Ctrl.</summary>
    private static ConsoleKey Plain(ConsoleKey key) => key switch
    {
        ConsoleKey.A => ConsoleKey.Home,
        ConsoleKey.E => ConsoleKey.End,
        ConsoleKey.B => ConsoleKey.LeftArrow,
        ConsoleKey.F => ConsoleKey.RightArrow,
        ConsoleKey.P => ConsoleKey.UpArrow,
        ConsoleKey.N => ConsoleKey.DownArrow,
        ConsoleKey.H => ConsoleKey.Backspace,
        ConsoleKey.D => ConsoleKey.Delete,
        _ => key,
    };

    /// <summary>UTF-16 units of the character before the cursor.</summary>
    private int Before() => _cursor == 0 ? 0 : _cursor > 1 && char.IsLowSurrogate(_line[_cursor - 1]) ? 2 : 1;

    /// <summary>UTF-16 units of the character at the cursor.</summary>
    private int After() => _cursor == _line.Length ? 0 : char.IsHighSurrogate(_line[_cursor]) && _cursor + 1 < _line.Length ? 2 : 1;

    private int WordBefore()
    {
        int start = _cursor;
        while (start > 0 && _line[start - 1] == ' ')
            start--;
        while (start > 0 && _line[start - 1] != ' ')
            start--;
        return start;
    }

    private void Remove(int start, int end)
    {
        _ = _line.Remove(start, end - start);
        _cursor = start;
    }

    private void Recall(int index)
    {
        if (index < 0 || index > _history.Count)
            return;
        if (_shown == _history.Count)
            _draft = _line.ToString();
        _shown = index;
        Replace(index == _history.Count ? _draft : _history[index]);
    }

    private void Replace(string line)
    {
        _ = _line.Clear().Append(line);
        _cursor = line.Length;
    }

    /// <summary>Draws prompt and line anew, over what stood there.</summary>
    private void Show()
    {
        string line = _line.ToString();
        StringBuilder frame = new("\x1b[?25l");
        if (_row > 0)
            _ = frame.Append($"\x1b[{_row}A");
        _ = frame.Append("\r\x1b[J").Append(_prompt).Append(line);
        (int endRow, int endColumn) = Position(line);
        // A full row leaves the terminal's cursor behind its last cell: move on.
        if (endColumn == 0 && endRow > 0)
            _ = frame.Append('\n');
        (_row, int column) = Position(line[.._cursor]);
        if (endRow > _row)
            _ = frame.Append($"\x1b[{endRow - _row}A");
        _ = frame.Append('\r');
        if (column > 0)
            _ = frame.Append($"\x1b[{column}C");
        screen.Write(frame.Append("\x1b[?25h").ToString());
        screen.Flush();
    }

    /// <summary>Moves below the line.</summary>
    private void Leave()
    {
        _cursor = _line.Length;
        Show();
        screen.Write("\n");
        _row = 0;
    }

    /// <summary>Where the cell after the prompt and a beginning of the line is. A wide character does not break over two rows.</summary>
    private (int Row, int Column) Position(string text)
    {
        int columns = width(), row = 0, column = 0;
        foreach (Rune rune in (_prompt + text).EnumerateRunes())
        {
            int cells = new Segment(rune.ToString()).CellCount();
            if (column + cells > columns)
                (row, column) = (row + 1, 0);
            column += cells;
        }
        return column == columns ? (row + 1, 0) : (row, column);
    }
}
