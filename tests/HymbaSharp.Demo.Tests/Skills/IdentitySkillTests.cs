using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed class IdentitySkillTests
{
    [Fact]
    public void Held_out_ways_to_ask_are_not_trained()
    {
        HashSet<string> trained = [.. Questions(Split.Training, 3000)];
        string[] heldOut = [.. Questions(Split.HeldOut, 200).Distinct()];
        Assert.InRange(heldOut.Length, 12, 200);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    [Fact]
    public void The_command_that_gets_the_real_model_is_the_tools() =>
        Assert.Contains(SmallCorpus.Dialogues(Skill.Identity, 500).SelectMany(dialogue => dialogue.Lines), line =>
            line.Role == "assistant" && line.Content.EndsWith("hymba pull nvidia/Hymba-1.5B-Instruct", StringComparison.Ordinal));

    private static IEnumerable<string> Questions(Split split, int count) =>
        SmallCorpus.Dialogues(Skill.Identity, count, split).SelectMany(dialogue => dialogue.Lines).Where(line => line.Role == "user").Select(line => line.Content);
}
