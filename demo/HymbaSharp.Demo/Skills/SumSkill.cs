using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>One step: a sum, or a difference that is not negative.</summary>
internal readonly record struct Step(int Left, char Sign, int Right)
{
    public int Result => Sign == '+' ? Left + Right : Left - Right;

    public string Equation => $"{Left} {Sign} {Right} = {Result}";

    /// <summary>Worked out digit by digit from the right, then whole: <c>125 + 238: 5 + 8 = 13, 2 + 3 + 1 = 6, 1 + 2 = 3. 125 + 238 = 363.</c></summary>
    public string Written => $"{Left} {Sign} {Right}: {Columns()}. {Equation}.";

    /// <summary>The digits from the right, each with what the column before it carried over or borrowed.</summary>
    private string Columns()
    {
        List<string> columns = [];
        int left = Left, right = Right, carry = 0;
        while (left > 0 || right > 0 || columns.Count == 0)
        {
            int a = left % 10, b = right % 10;
            string tail = carry > 0 ? $" {Sign} 1" : "";
            if (Sign == '+')
            {
                columns.Add($"{a} + {b}{tail} = {a + b + carry}");
                carry = (a + b + carry) / 10;
            }
            else
            {
                int from = a - b - carry < 0 ? a + 10 : a;
                columns.Add($"{from} - {b}{tail} = {from - b - carry}");
                carry = from > a ? 1 : 0;
            }
            left /= 10;
            right /= 10;
        }
        return string.Join(", ", columns);
    }
}

/// <summary>Sums of one or two steps, bare and in words.</summary>
internal sealed class SumSkill(Dice dice, Split split)
{
    private readonly Names _names = new(dice, split);

    /// <summary>A conversation of one to three problems.</summary>
    public Dialogue Dialogue()
    {
        List<Line> lines = [];
        if (dice.Chance(30))
            lines.Add(Line.System(dice.Pick(["Work step by step.", "You are a helpful assistant.", "Solve the sum."])));
        int problems = split == Split.HeldOut ? 1 : 1 + dice.Weighted(50, 30, 20);
        for (int i = 0; i < problems; i++)
        {
            (string question, Step[] steps) = Problem(oneStepPercent: split == Split.HeldOut ? 0 : 25);
            lines.Add(Line.User(question));
            lines.Add(Line.Assistant(Answer(steps), Measure.Sum, WrongAnswers(steps)));
        }
        return new Dialogue(Skill.Sums, lines);
    }

    /// <summary>A question and the steps that answer it.</summary>
    public (string Question, Step[] Steps) Problem(int oneStepPercent)
    {
        Step[] steps = dice.Chance(oneStepPercent) ? [Draw()] : TwoSteps();
        return (dice.Chance(60) ? Story(steps) : Bare(steps), steps);
    }

    /// <summary>One step on its own, the numbers of one to three digits.</summary>
    public Step Draw()
    {
        while (true)
        {
            int left = Operand(), right = Operand();
            char sign = dice.Chance(55) ? '+' : '-';
            if (sign == '-' && left < right)
                (left, right) = (right, left);
            if (left > 1 && split.Has(left, sign, right))
                return new Step(left, sign, right);
        }
    }

    public static string Answer(Step[] steps) => $"{string.Join(' ', steps.Select(step => step.Written))} The answer is {steps[^1].Result}.";

    private Step[] TwoSteps()
    {
        while (true)
        {
            Step first = Draw();
            int right = Operand();
            char sign = dice.Chance(50) ? '+' : '-';
            if ((sign == '+' || right <= first.Result) && first.Result <= 999 && split.Has(first.Result, sign, right))
                return [first, new Step(first.Result, sign, right)];
        }
    }

    private int Operand() => dice.Weighted(15, 35, 50) switch
    {
        0 => dice.Between(1, 9),
        1 => dice.Between(10, 99),
        _ => dice.Between(100, 999),
    };

    private string Bare(Step[] steps)
    {
        string sum = $"{steps[0].Left} {string.Join(' ', steps.Select(step => $"{step.Sign} {step.Right}"))}";
        if (dice.Chance(25))
            sum = sum.Replace("+", "plus").Replace("-", "minus");
        return dice.Pick([$"What is {sum}?", $"How much is {sum}?", $"{sum}", $"Please work out {sum}.", $"{sum} ="]);
    }

    private string Story(Step[] steps)
    {
        string name = _names.First(), things = dice.Pick(Vocabulary.Countables);
        List<string> events = [];
        foreach (Step step in steps)
        {
            events.Add(step.Sign == '+'
                ? dice.Pick([$"buys {step.Right} more", $"gets {step.Right} more", $"finds {step.Right} more", $"picks {step.Right} more"])
                : dice.Pick([$"gives away {step.Right}", $"sells {step.Right}", $"loses {step.Right}", $"uses {step.Right}"]));
        }
        string start = $"{name} has {steps[0].Left} {things}";
        string story = dice.Below(3) switch
        {
            0 when events.Count == 2 => $"{start}, {events[0]} and {events[1]}.",
            1 when events.Count == 2 => $"{start}. {name} {events[0]} and then {events[1]}.",
            _ => $"{start}. {string.Join(' ', events.Select(e => $"{name} {e}."))}",
        };
        string end = steps[^1].Sign == '-' ? "are left" : $"does {name} have in all";
        return $"{story} How many {things} {dice.Pick([$"does {name} have", $"does {name} have now", end])}?";
    }

    /// <summary>The answer with a wrong last step, and with the last step left out or turned round.</summary>
    private List<string> WrongAnswers(Step[] steps)
    {
        Step last = steps[^1];
        int off = dice.Pick([1, 10, 100, 2, 20]);
        int wrong = dice.Chance(50) || last.Result < off ? last.Result + off : last.Result - off;
        string right = Answer(steps);
        int tail = right.LastIndexOf($"= {last.Result}.", StringComparison.Ordinal);
        List<string> answers = [$"{right[..tail]}= {wrong}. The answer is {wrong}."];
        if (steps.Length == 2)
            answers.Add(Answer(steps[..1]));
        return answers;
    }
}
