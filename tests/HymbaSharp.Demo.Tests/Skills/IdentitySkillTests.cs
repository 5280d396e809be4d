using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed class IdentitySkillTests
{
    [Theory]
    [InlineData(Wordings.Few)]
    [InlineData(Wordings.Many)]
    internal void Held_out_ways_to_ask_are_not_trained(Wordings wordings)
    {
        HashSet<string> trained = [.. Questions(Split.Training, 3000, wordings)];
        string[] heldOut = [.. Questions(Split.HeldOut, 200).Distinct()];
        Assert.InRange(heldOut.Length, 12, 200);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    [Fact]
    public void Many_wordings_are_more_than_twice_the_few_and_hold_them()
    {
        // Questions that only a text could answer are new each time.
        string[] few = Asked(Wordings.Few), many = Asked(Wordings.Many);
        Assert.True(many.Length > 2 * few.Length, $"{few.Length} and {many.Length}");
        Assert.Empty(few.Except(many));

        static string[] Asked(Wordings wordings) =>
            [.. Questions(Split.Training, 6000, wordings).GroupBy(question => question).Where(group => group.Count() > 5).Select(group => group.Key)];
    }

    [Fact]
    public void The_command_that_gets_the_real_model_is_the_tools() =>
        Assert.Contains(SmallCorpus.Dialogues(Skill.Identity, 500).SelectMany(dialogue => dialogue.Lines), line =>
            line.Role == "assistant" && line.Content.EndsWith("hymba pull nvidia/Hymba-1.5B-Instruct", StringComparison.Ordinal));

    private static IEnumerable<string> Questions(Split split, int count, Wordings wordings = Wordings.Few) =>
        SmallCorpus.Dialogues(Skill.Identity, count, split, wordings).SelectMany(dialogue => dialogue.Lines).Where(line => line.Role == "user").Select(line => line.Content);
}
