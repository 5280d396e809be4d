using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>Makes dialogues of every skill.</summary>
internal static class DialogueSource
{
    /// <summary>A dialogue of one skill.</summary>
    public static Dialogue Draw(Skill skill, Dice dice, Split split, Wordings wordings = Wordings.Few) => skill switch
    {
        Skill.Context => new ContextSkill(dice, split).Dialogue(),
        Skill.Tools => new ToolSkill(dice, split, wordings).Dialogue(),
        Skill.Sums => new SumSkill(dice, split).Dialogue(),
        Skill.Roles => new RoleSkill(dice, split).Dialogue(),
        _ => new IdentitySkill(dice, split, wordings).Dialogue(),
    };

    /// <summary>A dialogue of any skill, in the given proportions.</summary>
    public static Dialogue DrawTraining(Dice dice, IReadOnlyList<int> shares, Wordings wordings) =>
        Draw((Skill)dice.Weighted([.. shares]), dice, Split.Training, wordings);
}
