using System.Text;
using HymbaSharp.Cli.Chatting;

namespace HymbaSharp.Cli.Tests.Chatting;

public sealed class LineEditorTests : IDisposable
{
    private const string Prompt = ">>> ";

    private readonly Queue<ConsoleKeyInfo> _keys = new();
    private readonly Screen _screen = new(width: 20);
    private readonly LineEditor _editor;

    public LineEditorTests() => _editor = new LineEditor(_keys.Dequeue, _screen, () => 20);

    public void Dispose() => _screen.Dispose();

    [Fact]
    public void Letters_make_the_line()
    {
        Assert.Equal("Hello wörld", Read("Hello wörld\n"));
        Assert.Equal([">>> Hello wörld", ""], _screen.Rows);
    }

    [Theory]
    [InlineData("abc<Left><Left>X", "aXbc")]
    [InlineData("abc<Home>X<End>Y", "XabcY")]
    [InlineData("abc<Left><Backspace>", "ac")]
    [InlineData("abc<Home><Delete>", "bc")]
    [InlineData("abc<Home><Backspace><Left>X<End><Delete><Right>Y", "XabcY")]
    [InlineData("one two  <^W>X", "one X")]
    [InlineData("one two<Left><Left><Left><^U>", "two")]
    [InlineData("one two<^A><Right><^K>", "o")]
    [InlineData("abc<^B><^H>X<^E>Y", "aXcY")]
    [InlineData("a\U0001F600b<Left><Backspace>", "ab")]
    [InlineData("\U0001F600<Left>a<Delete>", "a")]
    [InlineData("abc<Tab><Escape><F5>", "abc")]
    public void Keys_edit_it(string keys, string expected) => Assert.Equal(expected, Read(keys + "\n"));

    [Fact]
    public void Earlier_lines_come_back()
    {
        _ = Read("first\n");
        _ = Read("second\n");
        _ = Read("second\n");
        Assert.Equal("first", Read("<Up><Up>\n"));
        Assert.Equal("second!", Read("<Up><Up><Up><Down>!\n"));
        Assert.Equal("draft", Read("draft<Up><Up><Down><Down><Down>\n"));
    }

    [Fact]
    public void A_long_line_wraps_and_is_drawn_in_place()
    {
        Assert.Equal("X0123456789012345678901234567890123456789", Read("0123456789012345678901234567890123456789<Home>X\n"));
        Assert.Equal([">>> X012345678901234", "56789012345678901234", "56789", ""], _screen.Rows);
    }

    [Fact]
    public void A_line_that_ends_with_the_row_leaves_the_next_one_free()
    {
        _ = Read("0123456789012345\n");
        Assert.Equal([">>> 0123456789012345", "", ""], _screen.Rows);
        Assert.Equal("ab", Read("0123456789012345<^U>ab\n"));
        Assert.Equal(">>> ab", _screen.Rows[2]);
    }

    [Fact]
    public void Wide_characters_take_two_cells()
    {
        Assert.Equal("漢字X漢字漢字漢字", Read("漢字漢字漢字漢字<Left><Left><Left><Left><Left><Left>X\n"));
        Assert.Equal([">>> 漢字X漢字漢字漢", "字", ""], _screen.Rows);
    }

    [Fact]
    public void Ctrl_C_clears_the_line_then_warns_then_leaves()
    {
        Assert.Null(Read("abc<^C><^C><^C>"));
        Assert.Equal(1, _screen.Rows.Count(row => row.StartsWith("Press Ctrl-C again", StringComparison.Ordinal)));
        Assert.Equal("x", Read("<^C>x\n"));
        Assert.Equal("y", Read("<^C>y<^C>y\n"));
    }

    [Fact]
    public void Ctrl_D_ends_the_input_on_an_empty_line_and_deletes_on_another()
    {
        Assert.Null(Read("<^D>"));
        Assert.Equal("bc", Read("abc<Home><^D>\n"));
    }

    private string? Read(string keys)
    {
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] != '<')
            {
                _keys.Enqueue(keys[i] == '\n' ? new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false) : new ConsoleKeyInfo(keys[i], 0, false, false, false));
                continue;
            }
            string name = keys[(i + 1)..keys.IndexOf('>', i)];
            i += name.Length + 1;
            _keys.Enqueue(name[0] == '^'
                ? new ConsoleKeyInfo((char)(name[1] - '@'), Enum.Parse<ConsoleKey>(name[1..]), false, false, control: true)
                : new ConsoleKeyInfo('\0', Enum.Parse<ConsoleKey>(name is "Left" or "Right" or "Up" or "Down" ? name + "Arrow" : name), false, false, false));
        }
        string? line = _editor.Read(Prompt);
        Assert.Empty(_keys);
        return line;
    }

    /// <summary>A terminal of so many columns that keeps all its rows.</summary>
    private sealed class Screen(int width) : StringWriter
    {
        private readonly List<List<string>> _rows = [[]];
        private int _row;
        private int _column;

        public string[] Rows => [.. _rows.Select(row => string.Concat(row).TrimEnd())];

        public override void Write(string? value)
        {
            string text = value ?? "";
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == '\x1b')
                    i = Obey(text, i + 2);
                else if (text[i] == '\r')
                    _column = 0;
                else if (text[i] == '\n')
                    NextRow();
                else
                    i += Put(Rune.GetRuneAt(text, i));
            }
        }

        public override void Write(char value) => Write(value.ToString());

        private int Obey(string text, int start)
        {
            int end = start;
            while (!char.IsAsciiLetter(text[end]))
                end++;
            int count = int.TryParse(text[start..end], out int number) ? number : 1;
            switch (text[end])
            {
                case 'A':
                    _row -= count;
                    break;
                case 'C':
                    _column += count;
                    break;
                case 'J':
                    _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                    _rows[_row].RemoveRange(Math.Min(_column, _rows[_row].Count), Math.Max(0, _rows[_row].Count - _column));
                    break;
                default:
                    Assert.Contains(text[start..(end + 1)], (string[])["?25l", "?25h"]);
                    break;
            }
            Assert.InRange(_row, 0, _rows.Count - 1);
            return end;
        }

        /// <summary>As terminals do: the cursor stays behind the last cell of a full row until the next character.</summary>
        private int Put(Rune rune)
        {
            int cells = rune.Value >= 0x1100 ? 2 : 1;
            if (_column + cells > width)
                NextRow();
            List<string> row = _rows[_row];
            while (row.Count < _column)
                row.Add(" ");
            row.RemoveRange(_column, Math.Min(cells, row.Count - _column));
            row.InsertRange(_column, cells == 2 ? [rune.ToString(), ""] : [rune.ToString()]);
            _column += cells;
            return rune.Utf16SequenceLength - 1;
        }

        private void NextRow()
        {
            _column = 0;
            if (++_row == _rows.Count)
                _rows.Add([]);
        }
    }
}
