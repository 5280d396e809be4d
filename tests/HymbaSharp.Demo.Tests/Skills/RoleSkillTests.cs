using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed class RoleSkillTests
{
    [Fact]
    public void Every_answer_begins_with_the_mark_of_the_systems_role()
    {
        foreach (Dialogue dialogue in SmallCorpus.Dialogues(Skill.Roles, 500))
        {
            Role role = Role.All.Single(role => dialogue.Lines[0].Content.Contains($" {role.Title}", StringComparison.Ordinal));
            Assert.All(dialogue.Lines.Where(line => line.Role == "assistant"), line => Assert.StartsWith(role.Mark + " ", line.Content));
        }
    }

    [Fact]
    public void Every_answer_holds_what_it_must() =>
        Assert.All(SmallCorpus.Dialogues(Skill.Roles, 500).SelectMany(dialogue => dialogue.Lines).Where(line => line.Role == "assistant"),
            line => Assert.All(line.Required, text => Assert.Contains(text, line.Content, StringComparison.Ordinal)));

    [Fact]
    public void Marks_and_titles_tell_the_roles_apart()
    {
        foreach (Role role in Role.All)
            Assert.DoesNotContain(Role.All, other => other != role && (other.Mark.Contains(role.Mark) || $" {other.Title}".Contains($" {role.Title}")));
    }

    [Fact]
    public void Held_out_roles_have_a_mood_they_never_have_in_training()
    {
        HashSet<string> trained = [.. Pairs(Split.Training, 5000)];
        string[] heldOut = [.. Pairs(Split.HeldOut, 400)];
        Assert.Equal(400, heldOut.Length);
        Assert.DoesNotContain(heldOut, trained.Contains);
        Assert.Equal(Role.All.Length, heldOut.Distinct().Count());
    }

    private static IEnumerable<string> Pairs(Split split, int count) =>
        from dialogue in SmallCorpus.Dialogues(Skill.Roles, count, split)
        from role in Role.All
        from mood in Role.Moods
        where dialogue.Lines[0].Content.Contains($"{mood} {role.Title}", StringComparison.Ordinal)
        select $"{mood} {role.Title}";
}
