using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>A held-out question: the messages up to where the assistant is to speak, and what it should say.</summary>
internal sealed record Question(Dialogue Dialogue, IReadOnlyList<Line> Prompt, Line Expected)
{
    /// <summary>Draws one of a skill, from names, numbers and tools that training doesn't have.</summary>
    public static Question Draw(Skill skill, Dice dice, SumStyle style)
    {
        Dialogue dialogue = DialogueSource.Draw(skill, dice, Split.HeldOut, style);
        int[] answers = [.. Enumerable.Range(0, dialogue.Lines.Count).Where(i => dialogue.Lines[i].Measure is not null)];
        int at = dice.Pick(answers);
        return new Question(dialogue, [.. dialogue.Lines.Take(at)], dialogue.Lines[at]);
    }
}
