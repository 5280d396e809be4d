using HymbaSharp.Chat.Jinja;

namespace HymbaSharp.Chat;

/// <summary>What becomes of the texts of each origin before a template sees them; the rules are at <see cref="ChatTemplateInput.NeutraliseMarkers"/>.</summary>
internal sealed record Neutralisation(Func<string, string> System, Func<string, string> Assistant, Func<string, string> Untrusted)
{
    // The family's own, as its published template and answers write them.
    private static readonly string[] Turns = [TurnMarkers.System, TurnMarkers.Turn];
    private static readonly string[] Tags = ["<tool>", "</tool>", "<context>", "</context>", "<toolcall>", "</toolcall>"];

    public static Neutralisation Off { get; } = new(text => text, text => text, text => text);

    public static Neutralisation Of(IReadOnlyList<string> specialTokens)
    {
        foreach (string token in specialTokens)
        {
            // A space could not break a shorter one, and could make one that holds spaces.
            if (token.Length < 3 || token.Any(PythonText.IsSpace))
            {
                throw new JinjaFault(
                    $"the special token '{token}' cannot be neutralised; at least three characters without white space are needed");
            }
        }
        MarkerBreaker turns = new([.. Turns, .. specialTokens]);
        MarkerBreaker all = new([.. Turns, .. specialTokens, .. Tags]);
        return new Neutralisation(text => text, turns.Apply, all.Apply);
    }
}
