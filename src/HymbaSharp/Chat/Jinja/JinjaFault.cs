namespace HymbaSharp.Chat.Jinja;

/// <summary>What went wrong, before the place is known: <see cref="JinjaTemplate"/> turns it into a <see cref="ChatTemplateException"/>.</summary>
internal sealed class JinjaFault(string message, int? at = null) : Exception(message)
{
    /// <summary>The offset in the source where a parser found the fault; a fault of the evaluation has none.</summary>
    public int? At { get; } = at;
}
