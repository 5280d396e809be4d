namespace HymbaSharp.Chat;

/// <summary>The markers with which this family's template opens a turn; plain text to the tokenizer.</summary>
public static class TurnMarkers
{
    /// <summary>Opens the system's part, at the start of a prompt.</summary>
    public const string System = "<extra_id_0>";

    /// <summary>Opens every other turn; a model that writes it has ended its own.</summary>
    public const string Turn = "<extra_id_1>";
}
