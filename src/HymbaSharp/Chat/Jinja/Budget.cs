using System.Runtime.CompilerServices;

namespace HymbaSharp.Chat.Jinja;

/// <summary>
/// The bounds of one rendering. Templates come with checkpoints and are not trusted: whatever one does is charged here, so that
/// it ends in time and in memory. One unit of work is one node evaluated, one element visited, or four characters written.
/// </summary>
internal sealed class Budget
{
    /// <summary>Work of one rendering: about a second; a long conversation needs some ten thousand units.</summary>
    public const long MaxWork = 10_000_000;

    /// <summary>Characters of any one text, the output among them.</summary>
    public const int MaxText = 4 << 20;

    private long _work;

    public void Charge(long units = 1)
    {
        _work += units;
        if (_work > MaxWork)
            throw new JinjaFault($"the template does more than the {MaxWork} units of work allowed for one rendering");
    }

    /// <summary>Charges a text about to be made.</summary>
    public void ChargeText(long length)
    {
        if (length > MaxText)
            throw new JinjaFault($"the template makes a text of more than the {MaxText} characters allowed");
        Charge(1 + length / 4);
    }

    /// <summary>Charges a text looked through, compared or hashed.</summary>
    public void ChargeRead(string text) => Charge(1 + text.Length / 16);

    /// <summary>Charges the search of one text for another, whose worst case is the product of their lengths.</summary>
    public void ChargeSearch(string text, string sought) => Charge(1 + text.Length / 4 + (long)text.Length * sought.Length / 4096);

    /// <summary>Called on every descent: values and syntax may nest as deep as the stack of the calling thread carries, no deeper.</summary>
    public static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new JinjaFault("the template or one of its values nests too deep");
    }
}
