using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed class ContextSkillTests
{
    [Fact]
    public void A_stated_answer_ends_with_words_of_the_passages()
    {
        foreach ((Dialogue dialogue, Line answer) in Answers().Where(one => one.Answer.Measure == Measure.ContextAnswer))
        {
            string passages = string.Join(' ', dialogue.Contexts.Concat(dialogue.Lines.Where(line => line.Role == "user").Select(line => line.Content)));
            string value = answer.Content.TrimEnd('.').Split(' ', 2)[1];
            // The measure of length and the article are the answer's own.
            Assert.True(value.Split(' ').All(word => word is "is" or "the" or "a" or "are" or "its" || passages.Contains(word, StringComparison.Ordinal)), $"{answer.Content} / {passages}");
        }
    }

    [Fact]
    public void About_one_question_in_five_has_no_answer()
    {
        (Dialogue, Line Answer)[] answers = [.. Answers()];
        double share = (double)answers.Count(one => one.Answer.Measure == Measure.ContextAbsent) / answers.Length;
        Assert.InRange(share, 0.16, 0.24);
    }

    [Fact]
    public void What_is_absent_is_answered_with_one_sentence() =>
        Assert.All(Answers().Where(one => one.Answer.Measure == Measure.ContextAbsent), one => Assert.Equal("The context does not say.", one.Answer.Content));

    [Fact]
    public void No_wrong_answer_is_the_right_one_and_there_is_always_one() =>
        Assert.All(Answers(), one =>
        {
            Assert.NotEmpty(one.Answer.Rejected);
            Assert.DoesNotContain(one.Answer.Content, one.Answer.Rejected);
        });

    [Fact]
    public void A_question_put_twice_to_the_same_passages_has_one_answer()
    {
        foreach (Dialogue dialogue in SmallCorpus.Dialogues(Skill.Context, 1000))
        {
            IEnumerable<(string Question, string Answer)> exchanges = dialogue.Lines.Zip(dialogue.Lines.Skip(1)).Where(pair => pair.Second.Role == "assistant").Select(pair => (pair.First.Content, pair.Second.Content));
            Assert.All(exchanges.GroupBy(one => one.Question), same => Assert.Single(same.Select(one => one.Answer).Distinct()));
        }
    }

    [Fact]
    public void No_template_is_left_unfilled() =>
        Assert.All(SmallCorpus.Dialogues(Skill.Context, 1000), dialogue =>
            Assert.DoesNotContain(dialogue.Contexts.Concat(dialogue.Lines.SelectMany(line => line.Rejected.Append(line.Content))), text => text.Contains('{') || text.Contains('}')));

    [Fact]
    public void A_passage_begins_with_a_name_and_its_sentences_with_capitals() =>
        Assert.All(SmallCorpus.Dialogues(Skill.Context, 300).SelectMany(dialogue => dialogue.Contexts), passage =>
        {
            Assert.DoesNotContain(passage.Split(' ')[0], (string[])["She", "He", "It", "Her", "His", "Its"]);
            Assert.All(passage.Split(". "), sentence => Assert.True(char.IsAsciiLetterUpper(sentence[0]), sentence));
        });

    private static IEnumerable<(Dialogue Dialogue, Line Answer)> Answers() =>
        SmallCorpus.Dialogues(Skill.Context, 1000).SelectMany(dialogue => dialogue.Lines.Where(line => line.Role == "assistant").Select(line => (dialogue, line)));
}
