using System.Text;

namespace HymbaSharp.Chat.Jinja;

/// <summary>A text under construction that charges what is written to it.</summary>
internal sealed class TextBuffer(Budget budget)
{
    private readonly StringBuilder _text = new();

    public Budget Budget => budget;

    public void Append(string text)
    {
        if ((long)_text.Length + text.Length > Budget.MaxText)
            budget.ChargeText((long)_text.Length + text.Length);
        budget.Charge(1 + text.Length / 4);
        _ = _text.Append(text);
    }

    public void Append(char character, long count = 1)
    {
        if (_text.Length + count > Budget.MaxText)
            budget.ChargeText(_text.Length + count);
        budget.Charge(1 + count / 4);
        _ = _text.Append(character, (int)count);
    }

    public override string ToString() => _text.ToString();
}
