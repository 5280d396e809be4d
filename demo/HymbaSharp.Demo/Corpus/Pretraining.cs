using HymbaSharp.Chat;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>Short documents that teach the words, to copy, to look up, to add, and how calls are written: all skills without the markers of a chat.</summary>
internal sealed class Pretraining(Dice dice)
{
    private readonly Names _names = new(dice, Split.Training);

    public string Document() => dice.Weighted(42, 10, 10, 8, 4, 20, 4, 2) switch
    {
        0 => PassageWithQuestions(),
        1 => Copies(),
        2 => Records(),
        3 => Sums(),
        4 => Stories(),
        5 => ToolsInUse(),
        6 => new RoleSkill(dice, Split.Training).Portrait(),
        _ => new IdentitySkill(dice, Split.Training).Portrait(),
    };

    private string PassageWithQuestions()
    {
        ContextSkill skill = new(dice, Split.Training);
        (List<string> texts, List<Fact[]> facts) = skill.Passages(1, isLong: dice.Chance(25));
        List<string> lines = [texts[0]];
        HashSet<string> asked = [];
        int questions = dice.Between(2, 7);
        for (int i = 0; i < questions; i++)
        {
            ContextSkill.Exchange exchange = skill.DrawExchange(facts, absentPercent: 15);
            if (asked.Add(exchange.Subject))
                lines.Add($"Question: {exchange.Question} Answer: {exchange.Answer}");
        }
        return string.Join('\n', lines);
    }

    /// <summary>Names and numbers said again: as they are, in quotes, in a list, and what follows what.</summary>
    private string Copies()
    {
        string[] items = [.. Enumerable.Range(0, dice.Between(2, 6)).Select(_ => Item())];
        List<string> lines = [];
        int count = dice.Between(1, 3);
        for (int i = 0; i < count; i++)
        {
            string list = string.Join(", ", items);
            int at = dice.Below(items.Length - 1);
            lines.Add(dice.Below(5) switch
            {
                0 => $"Say it again: {list}. Again: {list}.",
                1 => $"{list} in quotes: {string.Join(", ", items.Select(MemberJson.Text))}.",
                2 => $"The list is [{string.Join(", ", items.Select(MemberJson.Text))}]. It has {list}.",
                3 => $"List: {list}. After {items[at]} comes {items[at + 1]}.",
                _ => $"List: {list}. The first is {items[0]} and the last is {items[^1]}.",
            });
        }
        return string.Join('\n', lines);
    }

    /// <summary>Members of JSON objects, told in words and looked up.</summary>
    private string Records()
    {
        ToolMaker maker = new(dice, Split.Training);
        List<string> lines = [];
        int count = dice.Between(1, 3);
        for (int i = 0; i < count; i++)
        {
            (string Name, string Value, bool IsNumber)[] members =
            [
                .. Enumerable.Range(0, dice.Between(1, 4)).Select(_ => maker.DrawNoun()).Distinct().Select(name =>
                    dice.Chance(45) ? (name, $"{_names.AnyNumber()}", true) : (name, dice.Chance(70) ? Item() : dice.Pick(Vocabulary.States), false)),
            ];
            string json = MemberJson.Object(members), told = string.Join(" and ", members.Select(member => $"the {member.Name} is {member.Value}"));
            (string name, string value, _) = dice.Pick(members);
            lines.Add(dice.Below(3) switch
            {
                0 => $"{Names.Capitalised(told)}. {json}",
                1 => $"{json} {Names.Capitalised(told)}.",
                _ => $"{json} Question: What is the {name}? Answer: It is {value}.",
            });
        }
        return string.Join('\n', lines);
    }

    private string Sums()
    {
        SumSkill skill = new(dice, Split.Training);
        int count = dice.Between(4, 10);
        return string.Join('\n', Enumerable.Range(0, count).Select(_ => skill.Draw().Written));
    }

    private string Stories()
    {
        SumSkill skill = new(dice, Split.Training);
        int count = dice.Between(1, 3);
        return string.Join('\n', Enumerable.Range(0, count).Select(_ =>
        {
            (string question, Step[] steps) = skill.Problem(oneStepPercent: 40);
            return $"Question: {question} Answer: {SumSkill.Answer(steps)}";
        }));
    }

    /// <summary>Tools, a request for one of them, the call and what came of it.</summary>
    private string ToolsInUse()
    {
        Dialogue dialogue = new ToolSkill(dice, Split.Training).Dialogue();
        IEnumerable<string> tools = dialogue.Tools.Select(SpacedJson.Write);
        IEnumerable<string> lines = dialogue.Lines.Where(line => line.Role != "system").Select(line => $"{line.Role switch { "user" => "Request", "tool" => "Result", _ => "Answer" }}: {line.Content}");
        return string.Join('\n', tools.Select(tool => $"Tool: {tool}").Concat(lines));
    }

    private string Item() => dice.Weighted(24, 20, 20, 15, 17, 4) switch
    {
        0 => _names.First(),
        1 => _names.Person(),
        2 => _names.Place(),
        3 => _names.Word(),
        4 => $"{_names.AnyNumber()}",
        _ => Code(),
    };

    /// <summary>Characters that words don't have: each must have been seen to be copied.</summary>
    private string Code()
    {
        const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'()*+-./:;=?@[]^_`{|}~";
        return string.Concat(Enumerable.Range(0, dice.Between(2, 6)).Select(_ => Characters[dice.Below(Characters.Length)]));
    }
}
