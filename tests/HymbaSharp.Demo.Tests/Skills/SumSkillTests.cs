using System.Text.RegularExpressions;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed partial class SumSkillTests
{
    [Theory]
    [InlineData(125, '+', 230, "125 + 230: 5 + 0 = 5, 2 + 3 = 5, 1 + 2 = 3. 125 + 230 = 355.")]
    [InlineData(95, '+', 9, "95 + 9: 5 + 9 = 14, 9 + 0 + 1 = 10. 95 + 9 = 104.")]
    [InlineData(355, '-', 48, "355 - 48: 15 - 8 = 7, 5 - 4 - 1 = 0, 3 - 0 = 3. 355 - 48 = 307.")]
    [InlineData(500, '-', 1, "500 - 1: 10 - 1 = 9, 10 - 0 - 1 = 9, 5 - 0 - 1 = 4. 500 - 1 = 499.")]
    [InlineData(7, '-', 7, "7 - 7: 7 - 7 = 0. 7 - 7 = 0.")]
    public void Columns_carry_and_borrow(int left, char sign, int right, string expected) =>
        Assert.Equal(expected, new Step(left, sign, right).Written);

    [Fact]
    public void Every_equation_is_right_and_nothing_is_negative()
    {
        foreach (Line line in Answers())
        {
            MatchCollection equations = Equation().Matches(line.Content);
            Assert.NotEmpty(equations);
            foreach (Match equation in equations)
                Assert.Equal(int.Parse(equation.Groups[2].Value), Compute(equation.Groups[1].Value));
        }
    }

    [Fact]
    public void The_answer_is_that_of_the_question()
    {
        int compared = 0;
        foreach (Dialogue dialogue in SmallCorpus.Dialogues(Skill.Sums, 500))
        {
            foreach ((Line question, Line answer) in dialogue.Lines.Zip(dialogue.Lines.Skip(1)).Where(pair => pair.Second.Role == "assistant"))
            {
                Assert.EndsWith($" The answer is {AnswerOf(question.Content)}.", answer.Content);
                compared++;
            }
        }
        Assert.InRange(compared, 500, 1500);
    }

    [Fact]
    public void Held_out_sums_have_two_steps_of_pairs_that_training_leaves_out()
    {
        string[] held = [.. SmallCorpus.Dialogues(Skill.Sums, 200, Split.HeldOut).SelectMany(Steps)];
        Assert.Equal(400, held.Length);
        Assert.Empty(held.Intersect(SmallCorpus.Dialogues(Skill.Sums, 5000).SelectMany(Steps)));
    }

    private static IEnumerable<string> Steps(Dialogue dialogue) =>
        dialogue.Lines.Where(line => line.Role == "assistant").SelectMany(line => StepHead().Matches(line.Content)).Select(match => match.Groups[1].Value);

    private static IEnumerable<Line> Answers() =>
        SmallCorpus.Dialogues(Skill.Sums, 500).SelectMany(dialogue => dialogue.Lines).Where(line => line.Role == "assistant");

    /// <summary>Reads the question as a person would: numbers from left to right, each taken away where the words say so.</summary>
    private static int AnswerOf(string question)
    {
        string signed = LossWord().Replace(question.Replace("minus", "-").Replace("plus", "+"), "-");
        return Number().Matches(signed).Sum(match => match.Groups[1].Value == "-" ? -int.Parse(match.Groups[2].Value) : int.Parse(match.Groups[2].Value));
    }

    private static int Compute(string sum)
    {
        string[] parts = sum.Split(' ');
        int result = int.Parse(parts[0]);
        for (int i = 1; i < parts.Length; i += 2)
            result += parts[i] == "+" ? int.Parse(parts[i + 1]) : -int.Parse(parts[i + 1]);
        Assert.True(result >= 0, sum);
        return result;
    }

    [GeneratedRegex(@"(\d+(?: [+-] \d+)+) = (\d+)")]
    private static partial Regex Equation();

    [GeneratedRegex(@"(\d+ [+-] \d+):")]
    private static partial Regex StepHead();

    [GeneratedRegex("gives away|sells|loses|uses")]
    private static partial Regex LossWord();

    [GeneratedRegex(@"(-?)\s*(\d+)")]
    private static partial Regex Number();
}
