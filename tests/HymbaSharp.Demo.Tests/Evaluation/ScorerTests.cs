using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Evaluation;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Evaluation;

public sealed class ScorerTests
{
    private const string Call = "<toolcall> {\"name\": \"get_oven\", \"arguments\": {\"city\": \"Ostrim\", \"level\": 12}} </toolcall>";

    public static TheoryData<string> Measures => [.. Enum.GetNames<Measure>()];

    [Theory]
    [InlineData("In Ostrim.", true)]
    [InlineData(" In Ostrim.\n", true)]
    [InlineData("In Ostrim", false)]
    [InlineData("In ostrim.", false)]
    [InlineData("In Ostrim. It is.", false)]
    [InlineData("", false)]
    public void An_answer_from_a_passage_is_right_letter_by_letter(string reply, bool isRight) =>
        Assert.Equal(isRight, Scorer.Score(Line.Assistant("In Ostrim.", Measure.ContextAnswer), reply).IsRight);

    [Theory]
    [InlineData(Call, true, true, true)]
    [InlineData("<toolcall>{\"name\":\"get_oven\",\"arguments\":{\"level\":12,\"city\":\"Ostrim\"}}</toolcall>", true, true, true)]
    [InlineData("<toolcall> {\"name\": \"get_oven\", \"arguments\": {\"city\": \"Ostrim\", \"level\": \"12\"}} </toolcall>", true, true, false)]
    [InlineData("<toolcall> {\"name\": \"get_oven\", \"arguments\": {\"city\": \"Ostrim\"}} </toolcall>", true, true, false)]
    [InlineData("<toolcall> {\"name\": \"get_oven\", \"arguments\": {\"city\": \"Ostrim\", \"level\": 12, \"day\": \"Monday\"}} </toolcall>", true, true, false)]
    [InlineData("<toolcall> {\"name\": \"set_oven\", \"arguments\": {\"city\": \"Ostrim\", \"level\": 12}} </toolcall>", true, false, false)]
    [InlineData("<toolcall> {\"name\": \"get_oven\", \"arguments\": {\"city\": \"Ostrim\", \"level\": 12} </toolcall>", false, false, false)]
    [InlineData(Call + " " + Call, false, false, false)]
    [InlineData("Sure. " + Call, false, false, false)]
    [InlineData("The oven is 12.", false, false, false)]
    public void A_call_is_right_in_name_types_and_values(string reply, bool isValid, bool isRightTool, bool isRight) =>
        Assert.Equal(new Verdict(isRight) { IsValidCall = isValid, IsRightTool = isRightTool }, Scorer.Score(Line.Assistant(Call, Measure.ToolCall), reply));

    [Theory]
    [InlineData("1 + 2 = 3. 3 + 4 = 7. The answer is 7.", true)]
    [InlineData("The answer is 7.", true)]
    [InlineData("1 + 2 = 3. 3 + 4 = 8. The answer is 8.", false)]
    [InlineData("The answer is 77.", false)]
    [InlineData("The answer is 7", false)]
    [InlineData("The answer is 7. The answer is 7.", false)]
    [InlineData("The answer is 7. Or so.", false)]
    [InlineData("7", false)]
    public void A_sum_is_judged_by_its_last_sentence(string reply, bool isRight) =>
        Assert.Equal(isRight, Scorer.Score(Line.Assistant("1 + 2 = 3. 3 + 4 = 7. The answer is 7.", Measure.Sum), reply).IsRight);

    [Theory]
    [InlineData("Arr! My name is Brakka.", true)]
    [InlineData("Arr! They call me Brakka!", true)]
    [InlineData("My name is Brakka. Arr!", false)]
    [InlineData("Arr! My name is Brak.", false)]
    [InlineData("Arr! Beep! My name is Brakka.", false)]
    [InlineData("Arr! I am Brakka and hymba-demo.", false)]
    public void A_role_is_kept_by_its_mark_and_fact(string reply, bool isRight) =>
        Assert.Equal(isRight, Scorer.Score(Line.Assistant("Arr! My name is Brakka.", Measure.Role) with { Required = ["Arr!", "Brakka"] }, reply).IsRight);

    [Theory]
    [InlineData("Run this command: hymba pull nvidia/Hymba-1.5B-Instruct", true)]
    [InlineData("Run this command: hymba pull nvidia/Hymba-1.5B", false)]
    [InlineData("Please. Run this command: hymba pull nvidia/Hymba-1.5B-Instruct", false)]
    public void Identity_is_judged_by_key_phrases(string reply, bool isRight) =>
        Assert.Equal(isRight, Scorer.Score(Line.Assistant("", Measure.Identity) with { Required = ["Run this command", "hymba pull nvidia/Hymba-1.5B-Instruct"] }, reply).IsRight);

    [Theory]
    [MemberData(nameof(Measures))]
    public void Every_expected_answer_is_right_and_every_rejected_one_wrong(string name)
    {
        Measure measure = Enum.Parse<Measure>(name);
        for (int i = 0; i < 300; i++)
        {
            Question question = Question.Draw(measure, new Dice(9, "score", i));
            Assert.True(Scorer.Score(question.Expected, question.Expected.Content).IsRight, question.Expected.Content);
            Assert.All(question.Expected.Rejected, wrong => Assert.False(Scorer.Score(question.Expected, wrong).IsRight, $"{question.Expected.Content} / {wrong}"));
        }
    }
}
