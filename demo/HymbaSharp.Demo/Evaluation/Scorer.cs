using System.Text.Json;
using System.Text.RegularExpressions;
using HymbaSharp.Chat;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Evaluation;

/// <summary>
/// Decides whether a reply is right; white space around it doesn't count, everything else does.
/// <list type="bullet">
/// <item>Answers from passages, from a tool's result, and where no tool is needed: the expected text, letter by letter.</item>
/// <item>Tool calls: exactly one call and nothing beside it; the tool's name; arguments of the same names, JSON types and values, in any order, and no others.</item>
/// <item>Sums: the reply ends with <c>The answer is N.</c>, says so once, and N is right. The working is not judged.</item>
/// <item>Roles: the reply begins with the role's mark, holds the fact asked for (a name, a mood, a place, a deed), and neither another role's mark nor the model's own name.</item>
/// <item>Identity: the reply holds the answer's key phrases, the first of them at its beginning.</item>
/// </list>
/// </summary>
internal static partial class Scorer
{
    /// <summary>Judges a reply by the answer expected in its place.</summary>
    public static Verdict Score(Line expected, string reply)
    {
        reply = reply.Trim();
        return expected.Measure switch
        {
            Measure.ToolCall => ScoreCall(expected.Content, reply),
            Measure.Sum => new Verdict(FinalAnswer(reply) is { } answer && answer == FinalAnswer(expected.Content)),
            Measure.Role => new Verdict(HoldsAll(expected.Required, reply) && KeepsRole(expected.Required[0], reply)),
            Measure.Identity => new Verdict(HoldsAll(expected.Required, reply)),
            _ => new Verdict(reply == expected.Content),
        };
    }

    private static Verdict ScoreCall(string expected, string reply)
    {
        ToolCall right = ToolCallReader.Read(expected).Calls.Single();
        ToolCallReading reading = ToolCallReader.Read(reply);
        if (reading.Calls.Count != 1 || reading.Malformed.Count > 0 || reading.Text.Trim().Length > 0)
            return new Verdict(false);
        ToolCall call = reading.Calls[0];
        bool isRightTool = call.Name == right.Name;
        return new Verdict(isRightTool && JsonElement.DeepEquals(call.Arguments, right.Arguments)) { IsValidCall = true, IsRightTool = isRightTool };
    }

    private static string? FinalAnswer(string reply)
    {
        MatchCollection answers = AnswerPhrase().Matches(reply);
        return answers.Count == 1 && answers[0].Index + answers[0].Length == reply.Length ? answers[0].Groups[1].Value : null;
    }

    private static bool HoldsAll(IReadOnlyList<string> required, string reply) =>
        reply.StartsWith(required[0], StringComparison.Ordinal) && required.All(text => reply.Contains(text, StringComparison.Ordinal));

    private static bool KeepsRole(string mark, string reply) =>
        !reply.Contains("hymba", StringComparison.OrdinalIgnoreCase) && Role.All.All(role => role.Mark == mark || !reply.Contains(role.Mark, StringComparison.Ordinal));

    [GeneratedRegex(@"The answer is (\d+)\.")]
    private static partial Regex AnswerPhrase();
}
