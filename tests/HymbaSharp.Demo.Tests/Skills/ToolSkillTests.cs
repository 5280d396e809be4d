using System.Text.Json;
using System.Text.RegularExpressions;
using HymbaSharp.Chat;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Skills;

public sealed partial class ToolSkillTests
{
    [Fact]
    public void Every_call_is_read_as_one_call_of_a_listed_tool_with_the_arguments_its_schema_asks_for()
    {
        int calls = 0;
        foreach ((Dialogue dialogue, int at) in Lines(Measure.ToolCall))
        {
            ToolCallReading reading = ToolCallReader.Read(dialogue.Lines[at].Content);
            ToolCall call = Assert.Single(reading.Calls);
            Assert.Empty(reading.Malformed);
            Assert.Empty(reading.Text);
            JsonElement function = dialogue.Tools.Select(tool => tool.GetProperty("function")).Single(one => one.GetProperty("name").GetString() == call.Name);
            JsonElement parameters = function.GetProperty("parameters");
            Assert.Equal(parameters.GetProperty("properties").EnumerateObject().Select(property => property.Name), call.Arguments.EnumerateObject().Select(argument => argument.Name));
            foreach (JsonProperty argument in call.Arguments.EnumerateObject())
            {
                string type = parameters.GetProperty("properties").GetProperty(argument.Name).GetProperty("type").GetString()!;
                Assert.Equal(type == "integer" ? JsonValueKind.Number : JsonValueKind.String, argument.Value.ValueKind);
            }
            calls++;
        }
        Assert.InRange(calls, 4000, 6000);
    }

    [Fact]
    public void Every_argument_stands_in_the_request()
    {
        foreach ((Dialogue dialogue, int at) in Lines(Measure.ToolCall))
        {
            string request = dialogue.Lines[at - 1].Content;
            JsonElement arguments = ToolCallReader.Read(dialogue.Lines[at].Content).Calls[0].Arguments;
            Assert.All(arguments.EnumerateObject(), argument => Assert.Contains(argument.Value.ToString(), request, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_request_fits_no_other_of_the_tools()
    {
        foreach ((Dialogue dialogue, int at) in Lines(Measure.ToolCall))
        {
            string[] names = [.. dialogue.Tools.Select(tool => tool.GetProperty("function").GetProperty("name").GetString()!)];
            Assert.Equal(names.Length, names.Distinct().Count());
            string request = dialogue.Lines[at - 1].Content, called = ToolCallReader.Read(dialogue.Lines[at].Content).Calls[0].Name;
            // A question names only the noun; then no second tool may ask for it.
            string noun = called.Split('_')[1];
            Assert.Contains(noun, request, StringComparison.Ordinal);
            if (request.StartsWith("What is the", StringComparison.OrdinalIgnoreCase))
                Assert.Single(names, name => name.Split('_') is [("get" or "find" or "check" or "show" or "read"), { } other] && other == noun);
        }
    }

    [Fact]
    public void The_answer_tells_every_member_of_the_result()
    {
        foreach ((Dialogue dialogue, int at) in Lines(Measure.ToolAnswer))
        {
            JsonElement result = JsonElement.Parse(dialogue.Lines[at - 1].Content);
            string expected = result.TryGetProperty("error", out JsonElement error)
                ? $"The tool failed: {error.GetString()}."
                : $"T{string.Join(" and ", result.EnumerateObject().Select(member => $"the {member.Name} is {member.Value}"))[1..]}.";
            Assert.Equal(expected, dialogue.Lines[at].Content);
        }
    }

    [Fact]
    public void With_many_wordings_results_are_written_in_two_forms_and_no_tool_is_called_twice()
    {
        int spaced = 0, compact = 0;
        foreach (Dialogue dialogue in SmallCorpus.Dialogues(Skill.Tools, 500, wordings: Wordings.Many))
        {
            string[] called = [.. dialogue.Lines.Where(line => line.Measure == Measure.ToolCall).Select(line => ToolCallReader.Read(line.Content).Calls[0].Name)];
            Assert.Equal(called.Length, called.Distinct().Count());
            foreach (Line result in dialogue.Lines.Where(line => line.Role == "tool"))
                _ = result.Content.Contains("\": ", StringComparison.Ordinal) ? spaced++ : compact++;
        }
        Assert.InRange((double)compact / (spaced + compact), 0.45, 0.55);
        Assert.DoesNotContain(
            SmallCorpus.Dialogues(Skill.Tools, 500).SelectMany(dialogue => dialogue.Lines).Where(line => line.Role == "tool"),
            result => !result.Content.Contains("\": ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_no_tool_is_about_is_answered_without_a_call()
    {
        foreach ((Dialogue dialogue, int at) in Lines(Measure.NoTool))
        {
            Assert.Empty(ToolCallReader.Read(dialogue.Lines[at].Content).Calls);
            if (dialogue.Lines[at].Content == ToolSkill.NoSuchTool)
            {
                // What is asked for comes first; a detail may be called like a tool.
                string wanted = AskedFor().Match(dialogue.Lines[at - 1].Content).Groups[1].Value;
                Assert.NotEqual("", wanted);
                Assert.DoesNotContain(dialogue.Tools, tool => tool.GetProperty("function").GetProperty("name").GetString()!.Split('_')[1] == wanted);
            }
        }
    }

    [Fact]
    public void No_held_out_tool_is_one_of_training()
    {
        HashSet<string> trained = [.. SmallCorpus.Dialogues(Skill.Tools, 4000).SelectMany(ToolNames)];
        string[] heldOut = [.. SmallCorpus.Dialogues(Skill.Tools, 300, Split.HeldOut).SelectMany(ToolNames)];
        Assert.NotEmpty(heldOut);
        Assert.DoesNotContain(heldOut, trained.Contains);
    }

    [GeneratedRegex(@"\b(?:the|an?) (\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex AskedFor();

    private static IEnumerable<string> ToolNames(Dialogue dialogue) => dialogue.Tools.Select(tool => tool.GetProperty("function").GetProperty("name").GetString()!);

    private static IEnumerable<(Dialogue Dialogue, int At)> Lines(Measure measure) =>
        Enum.GetValues<Wordings>().SelectMany(wordings => SmallCorpus.Dialogues(Skill.Tools, 1000, wordings: wordings)).SelectMany(dialogue =>
            Enumerable.Range(0, dialogue.Lines.Count).Where(i => dialogue.Lines[i].Measure == measure).Select(i => (dialogue, i)));
}
