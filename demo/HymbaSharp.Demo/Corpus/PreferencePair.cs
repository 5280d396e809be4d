using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>A beginning of a dialogue, how it goes on, and how it must not.</summary>
internal sealed record PreferencePair(Dialogue Dialogue, IReadOnlyList<Line> Prompt, string Chosen, string Rejected)
{
    /// <summary>Takes one of the dialogue's answers that has wrong ones beside it; null where there is none.</summary>
    public static PreferencePair? Of(Dialogue dialogue, Dice dice)
    {
        int[] answers = [.. Enumerable.Range(0, dialogue.Lines.Count).Where(i => dialogue.Lines[i].Rejected.Any(wrong => wrong != dialogue.Lines[i].Content))];
        if (answers.Length == 0)
            return null;
        int at = dice.Pick(answers);
        Line chosen = dialogue.Lines[at];
        string rejected = dice.Pick(chosen.Rejected.Where(wrong => wrong != chosen.Content).ToArray());
        return new PreferencePair(dialogue, [.. dialogue.Lines.Take(at)], chosen.Content, rejected);
    }
}
