using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Evaluation;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Tests.Evaluation;

public sealed class AbsentBalanceTests
{
    private const string Fact = "In Bern.";

    [Fact]
    public void As_many_pairs_pass_of_one_direction_as_of_the_other_and_all_of_none()
    {
        AbsentBalance balance = new();
        (string Chosen, string Rejected)[] found =
        [
            (ContextSkill.Absent, "In Rome."), (ContextSkill.Absent, "In Oslo."), (Fact, "In Rome."), (Fact, ContextSkill.Absent), (ContextSkill.Absent, "In Kyiv."),
            (Fact, ContextSkill.Absent), (Fact, ContextSkill.Absent), (Fact, ContextSkill.Absent), ("The answer is 3.", "The answer is 4."),
        ];

        (string, string)[] passed = [.. found.SelectMany(pair => balance.Add(Pair(pair.Chosen, pair.Rejected))).Select(pair => (pair.Chosen, pair.Rejected))];

        Assert.Equal([found[2], found[0], found[3], found[1], found[5], found[4], found[6], found[8]], passed);
    }

    private static PreferencePair Pair(string chosen, string rejected) => new(new Dialogue(Skill.Context, []), [], chosen, rejected);
}
