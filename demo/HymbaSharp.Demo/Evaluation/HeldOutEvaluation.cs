using System.Runtime.CompilerServices;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Skills;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Evaluation;

/// <summary>One line of the result.</summary>
/// <param name="Name">What was counted.</param>
/// <param name="Right">How many were right.</param>
/// <param name="Count">Of how many.</param>
internal sealed record Score(string Name, int Right, int Count)
{
    /// <summary>0 … 1; 0 of none.</summary>
    public double Share => Count == 0 ? 0 : (double)Right / Count;
}

/// <summary>A reply that was not right.</summary>
internal sealed record Failure(Question Question, string Reply);

/// <summary>Asks a model fresh held-out questions and counts.</summary>
internal sealed class HeldOutEvaluation(HymbaModel model, ulong seed, int count, Wordings wordings = Wordings.Few)
{
    private readonly Answerer _answerer = new(model);
    private readonly List<Failure> _failures = [];

    /// <summary>What was not right so far, in order.</summary>
    public IReadOnlyList<Failure> Failures => _failures;

    /// <summary>Runs everything, one score after the other.</summary>
    public async IAsyncEnumerable<Score> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (Measure measure in Enum.GetValues<Measure>())
        {
            List<Verdict> verdicts = [];
            for (int i = 0; i < count; i++)
            {
                Question question = Question.Draw(measure, new Dice(seed, $"evaluate {measure}", i), wordings);
                string reply = await _answerer.AnswerAsync(question, cancellationToken);
                Verdict verdict = Scorer.Score(question.Expected, reply);
                verdicts.Add(verdict);
                if (!verdict.IsRight)
                    _failures.Add(new Failure(question, reply));
            }
            foreach (Score score in Scores(measure, verdicts))
                yield return score;
        }
        int preferred = 0;
        for (int i = 0; i < count; i++)
        {
            if (_answerer.PrefersChosen(DrawPair(new Dice(seed, "evaluate pairs", i)), cancellationToken))
                preferred++;
        }
        yield return new Score("right answer more probable than a wrong one", preferred, count);
    }

    private static IEnumerable<Score> Scores(Measure measure, List<Verdict> verdicts)
    {
        int count = verdicts.Count, right = verdicts.Count(verdict => verdict.IsRight);
        if (measure != Measure.ToolCall)
            return [new Score(NameOf(measure), right, count)];
        return
        [
            new Score("tool calls: one call in valid JSON", verdicts.Count(verdict => verdict.IsValidCall), count),
            new Score("tool calls: right tool", verdicts.Count(verdict => verdict.IsRightTool), count),
            new Score(NameOf(measure), right, count),
        ];
    }

    private static string NameOf(Measure measure) => measure switch
    {
        Measure.ContextAnswer => "context: answer exact",
        Measure.ContextAbsent => "context: says that it doesn't say",
        Measure.ToolCall => "tool calls: right tool and arguments",
        Measure.ToolAnswer => "tools: answer from the result exact",
        Measure.NoTool => "tools: no call where none is needed, answer exact",
        Measure.Sum => "sums: final answer",
        Measure.Role => "roles: kept",
        _ => "identity: key phrases",
    };

    private PreferencePair DrawPair(Dice dice)
    {
        while (true)
        {
            Skill skill = (Skill)dice.Below(Enum.GetValues<Skill>().Length);
            if (PreferencePair.Of(DialogueSource.Draw(skill, dice, Split.HeldOut, wordings), dice) is { } pair)
                return pair;
        }
    }
}
