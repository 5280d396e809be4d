using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>Requests for which a tool is called, and others for which none is.</summary>
internal sealed class ToolSkill(Dice dice, Split split, Wordings wordings = Wordings.Few)
{
    public const string NoSuchTool = "I have no tool for that.";

    private readonly Names _names = new(dice, split);
    private readonly ToolMaker _maker = new(dice, split, wordings);

    /// <summary>A tool's result and the sentence about it.</summary>
    private sealed record Result(string Json, string Answer, IReadOnlyList<string> Rejected);

    /// <summary>A conversation with tools: mostly a request, the call, its result and the answer, now and then two of them, or one that needs no call.</summary>
    public Dialogue Dialogue()
    {
        (List<DemoTool> tools, DemoTool wanted) = _maker.DrawTools();
        List<Line> lines = [];
        if (dice.Chance(50))
            lines.Add(Line.System(dice.Pick(["You may call tools.", "Use the tools.", "You are a helpful assistant.", "You are a helpful assistant with tools."])));
        AddExchange(lines, tools, wanted);
        foreach (DemoTool next in split == Split.HeldOut ? [] : More(tools, wanted))
            AddExchange(lines, tools, next);
        return new Dialogue(Skill.Tools, lines) { Tools = [.. tools.Select(tool => tool.Schema())] };
    }

    /// <summary>The tools of further requests: another request is worth more to training than another set of tools, most of all one for a tool that was not called yet.</summary>
    private IEnumerable<DemoTool> More(List<DemoTool> tools, DemoTool wanted)
    {
        if (wordings == Wordings.Many)
        {
            List<DemoTool> others = [.. tools.Where(tool => tool != wanted)];
            dice.Shuffle(others);
            foreach (DemoTool other in others)
                yield return other;
            yield break;
        }
        int more = dice.Weighted(25, 20, 20, 20, 15);
        for (int i = 0; i < more; i++)
            yield return dice.Pick(tools);
    }

    private void AddExchange(List<Line> lines, List<DemoTool> tools, DemoTool wanted)
    {
        if (dice.Chance(20))
            AddWithoutCall(lines, tools, wanted);
        else
            AddCall(lines, tools, wanted);
    }

    private void AddCall(List<Line> lines, List<DemoTool> tools, DemoTool wanted)
    {
        ToolRequest request = _maker.DrawRequest(wanted);
        Result result = dice.Chance(8) ? Failure() : DrawResult(wanted);
        lines.Add(Line.User(request.Text));
        lines.Add(Line.Assistant(wanted.Call(request.Values), Measure.ToolCall, WrongCalls(tools, request)));
        lines.Add(Line.Tool(result.Json));
        lines.Add(Line.Assistant(result.Answer, Measure.ToolAnswer, result.Rejected));
    }

    private void AddWithoutCall(List<Line> lines, List<DemoTool> tools, DemoTool wanted)
    {
        string needless = wanted.Call(_maker.DrawRequest(wanted).Values);
        (string question, string answer) = dice.Chance(50) ? (MissingRequest(tools), NoSuchTool) : new IdentitySkill(dice, split, wordings).Exchange();
        lines.Add(Line.User(question));
        lines.Add(Line.Assistant(answer, Measure.NoTool, [needless]));
    }

    /// <summary>A request for something that none of the tools is about.</summary>
    private string MissingRequest(List<DemoTool> tools)
    {
        while (true)
        {
            (_, DemoTool other) = _maker.DrawTools();
            if (!tools.Any(tool => tool.Noun == other.Noun))
                return _maker.DrawRequest(other).Text;
        }
    }

    /// <summary>Two members at most; the answer names each with its value.</summary>
    private Result DrawResult(DemoTool tool)
    {
        List<(string Name, string Value, bool IsNumber)> members = [];
        if (ToolMaker.IsAsking(tool))
            members.Add((tool.Noun, "", false));
        else if (dice.Chance(60))
            members.Add(("status", "", false));
        int count = dice.Chance(50) ? 2 : 1;
        while (members.Count < count)
        {
            string name = dice.Chance(50) ? dice.Pick(["code", "price", "time", "number", "total", "name", "level", "count"]) : _maker.DrawNoun();
            if (!members.Any(member => member.Name == name))
                members.Add((name, "", false));
        }
        for (int i = 0; i < members.Count; i++)
            members[i] = Valued(members[i].Name);
        List<string> rejected = [];
        for (int i = 0; i < members.Count; i++)
        {
            List<(string Name, string Value, bool IsNumber)> wrong = [.. members];
            wrong[i] = Valued(members[i].Name);
            if (wrong[i].Value != members[i].Value)
                rejected.Add(Told(wrong));
        }
        if (members.Count == 2 && members[0].Value != members[1].Value)
            rejected.Add(Told([(members[0].Name, members[1].Value, false), (members[1].Name, members[0].Value, false)]));
        return new Result(Written(members), Told(members), rejected);
    }

    private Result Failure()
    {
        string error = dice.Pick(["not found", "no answer", "too late", "not allowed", "wrong code", "closed"]);
        return new Result(Written([("error", error, false)]), $"The tool failed: {error}.", ["The status is done.", "The status is ready."]);
    }

    private string Written(IReadOnlyList<(string Name, string Value, bool IsNumber)> members) =>
        MemberJson.Object(members, isSpaced: wordings == Wordings.Few || !dice.Chance(50));

    private (string Name, string Value, bool IsNumber) Valued(string name) => name == "status" ? (name, dice.Pick(Vocabulary.States), false) : dice.Weighted(50, 25, 25) switch
    {
        0 => (name, $"{_names.AnyNumber()}", true),
        1 => (name, dice.Pick(Vocabulary.States), false),
        _ => (name, dice.Chance(50) ? _names.Thing() : _names.First(), false),
    };

    private static string Told(List<(string Name, string Value, bool IsNumber)> members) =>
        Names.Capitalised(string.Join(" and ", members.Select(member => $"the {member.Name} is {member.Value}"))) + ".";

    /// <summary>Another tool, another value, a value left out.</summary>
    private List<string> WrongCalls(List<DemoTool> tools, ToolRequest request)
    {
        DemoTool wanted = request.Tool;
        List<string> wrong = [];
        foreach (DemoTool other in tools)
        {
            if (other != wanted)
                wrong.Add(other.Call([.. other.Parameters.Select(parameter => TakenOrNew(parameter, request))]));
        }
        if (request.Values.Count > 0)
        {
            string[] values = [.. request.Values];
            int i = dice.Below(values.Length);
            string changed = _maker.DrawValue(wanted.Parameters[i]);
            if (changed != values[i])
            {
                values[i] = changed;
                wrong.Add(wanted.Call(values));
            }
            DemoTool shorter = wanted with { Parameters = [.. wanted.Parameters.Where((_, p) => p != i)] };
            wrong.Add(shorter.Call([.. request.Values.Where((_, p) => p != i)]));
        }
        wrong.Add(NoSuchTool);
        return wrong;
    }

    private string TakenOrNew(Parameter parameter, ToolRequest request)
    {
        for (int i = 0; i < request.Values.Count; i++)
        {
            if (request.Tool.Parameters[i].Kind == parameter.Kind)
                return request.Values[i];
        }
        return _maker.DrawValue(parameter);
    }
}
