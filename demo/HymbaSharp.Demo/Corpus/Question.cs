using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>A held-out question: the messages up to where the assistant is to speak, and what it should say.</summary>
internal sealed record Question(Dialogue Dialogue, IReadOnlyList<Line> Prompt, Line Expected)
{
    /// <summary>What a skill's questions measure.</summary>
    public static IReadOnlyList<Measure> MeasuresOf(Skill skill) => skill switch
    {
        Skill.Context => [Measure.ContextAnswer, Measure.ContextAbsent],
        Skill.Tools => [Measure.ToolCall, Measure.ToolAnswer, Measure.NoTool],
        Skill.Sums => [Measure.Sum],
        Skill.Roles => [Measure.Role],
        _ => [Measure.Identity],
    };

    /// <summary>Draws one, from names, numbers and tools that training doesn't have.</summary>
    public static Question Draw(Measure measure, Dice dice, Wordings wordings = Wordings.Few)
    {
        Skill skill = Enum.GetValues<Skill>().First(one => MeasuresOf(one).Contains(measure));
        while (true)
        {
            Dialogue dialogue = DialogueSource.Draw(skill, dice, Split.HeldOut, wordings);
            for (int i = 0; i < dialogue.Lines.Count; i++)
            {
                if (dialogue.Lines[i].Measure == measure)
                    return new Question(dialogue, [.. dialogue.Lines.Take(i)], dialogue.Lines[i]);
            }
        }
    }
}
