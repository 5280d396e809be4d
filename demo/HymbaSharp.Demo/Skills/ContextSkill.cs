using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>Questions about passages of facts, and questions that these don't answer.</summary>
internal sealed class ContextSkill(Dice dice, Split split)
{
    public const string Absent = "The context does not say.";

    private const int MostAttempts = 20;

    private readonly PassageWriter _writer = new(dice, split);

    /// <summary>A question with its one right answer.</summary>
    public sealed record Exchange(string Question, string Answer, bool IsAbsent, IReadOnlyList<string> Rejected)
    {
        /// <summary>Two questions for the same value are one.</summary>
        public string Subject => IsAbsent ? Question : Answer;
    }

    /// <summary>A conversation about one to three passages: up to seven questions, as each is worth more to training than another passage, or one where it is to be measured.</summary>
    public Dialogue Dialogue()
    {
        int passages = 1 + dice.Weighted(50, 30, 20);
        bool isLong = dice.Chance(split == Split.HeldOut ? 15 : 30);
        (List<string> texts, List<Fact[]> facts) = Passages(passages, isLong);
        List<Line> lines = [];
        if (dice.Chance(50))
            lines.Add(Line.System(dice.Pick(["Answer from the context.", "Answer the question from the context.", "You are a helpful assistant."])));

        bool isPasted = passages == 1 && dice.Chance(30);
        int questions = split == Split.HeldOut ? 1 : 1 + dice.Weighted(15, 15, 15, 15, 15, 15, 10);
        HashSet<string> asked = [];
        for (int i = 0; i < questions; i++)
        {
            Exchange exchange = DrawExchange(facts, absentPercent: 20);
            if (!asked.Add(exchange.Subject))
                continue;
            string question = Phrased(exchange.Question);
            lines.Add(Line.User(isPasted && i == 0 ? $"{texts[0]}{dice.Pick(["\n\n", "\n", " "])}{question}" : question));
            lines.Add(Line.Assistant(exchange.Answer, exchange.IsAbsent ? Measure.ContextAbsent : Measure.ContextAnswer, exchange.Rejected));
        }
        return new Dialogue(Skill.Context, lines) { Contexts = isPasted ? [] : texts };
    }

    /// <summary>Passages with what they state.</summary>
    public (List<string> Texts, List<Fact[]> Facts) Passages(int count, bool isLong)
    {
        List<string> texts = [];
        List<Fact[]> facts = [];
        for (int i = 0; i < count; i++)
        {
            int subjects = isLong ? dice.Between(2, 6 / count + 1) : dice.Between(1, count == 1 ? 3 : 2);
            List<Fact[]> drawn = _writer.DrawFacts(subjects, isLong ? 3 : 2, isLong ? 5 : 3);
            drawn.RemoveAll(one => facts.Any(other => other[0].Subject.Short == one[0].Subject.Short));
            if (drawn.Count == 0)
                continue;
            facts.AddRange(drawn);
            texts.Add(string.Join(' ', drawn.Select(_writer.Tell)));
        }
        return (texts, facts);
    }

    /// <summary>A question about these facts; so many in a hundred have no answer there.</summary>
    public Exchange DrawExchange(List<Fact[]> facts, int absentPercent)
    {
        bool isAbsent = dice.Chance(absentPercent);
        for (int attempt = 1; ; attempt++)
        {
            // There are passages that leave nothing to ask for in one of the two ways.
            if (attempt % MostAttempts == 0)
                isAbsent = !isAbsent;
            if ((isAbsent ? DrawAbsent(facts) : DrawStated(facts)) is { } exchange)
                return exchange;
        }
    }

    private Exchange? DrawStated(List<Fact[]> facts)
    {
        Fact[] all = [.. facts.SelectMany(one => one)];
        Fact fact = dice.Pick(dice.Pick(facts));
        Ask ask = dice.Pick(fact.Relation.Asks);
        string template = dice.Pick(ask.Questions);
        string subject = SubjectName(fact.Subject, template);
        string question = fact.Fill(template, subject);
        // Another fact that the same words ask for would make the answer a matter of taste.
        if (all.Any(other => other != fact && other.Relation.Asks.SelectMany(one => one.Questions).Any(one => other.Fill(one, other.Subject == fact.Subject ? subject : other.Subject.Name) == question)))
            return null;

        // So would a second bakery where the question only says "the bakery".
        if (fact.Noun.Length > 0 && !template.Contains("{a}")
            && all.Any(other => other != fact && other.Noun == fact.Noun && (!template.Contains("{s") || other.Subject == fact.Subject)))
            return null;

        string answer = fact.Fill(ask.Answer, fact.Subject.Name);
        ValueKind kind = fact.Kind(ask.Value);
        HashSet<string> rejected = [];
        foreach (Fact other in all)
        {
            foreach (char which in "sab")
            {
                if (other.Kind(which) == kind && kind != ValueKind.None)
                    _ = rejected.Add(Replaced(ask, fact, other.Value(which)));
            }
        }
        _ = rejected.Remove(answer);
        while (rejected.Count == 0 || (rejected.Count == 1 && rejected.Contains(answer)))
            _ = rejected.Add(Replaced(ask, fact, _writer.DrawFact(_writer.DrawEntity(fact.Subject.Kind), fact.Relation).Value(ask.Value)));
        if (dice.Chance(30))
            _ = rejected.Add(Absent);
        _ = rejected.Remove(answer);
        return new Exchange(question, answer, IsAbsent: false, [.. rejected]);
    }

    /// <summary>Asks for what is not told of a subject of the passages, or for what is told, of a subject that they don't have.</summary>
    private Exchange? DrawAbsent(List<Fact[]> facts)
    {
        Fact[] told = dice.Pick(facts);
        bool isStranger = dice.Chance(40);
        Entity subject = isStranger ? _writer.DrawEntity(told[0].Subject.Kind) : told[0].Subject;
        Relation relation = isStranger ? dice.Pick(told).Relation : dice.Pick(Relations.Of(subject.Kind));
        if (isStranger ? facts.Any(one => one[0].Subject.Short == subject.Short) : told.Any(fact => fact.Relation == relation && !relation.AnyNoun))
            return null;
        Ask ask = dice.Pick(relation.Asks);
        // What asks for the subject itself names only values, and these must be new then.
        if (ask.Value == 's' && isStranger)
            return null;
        string template = dice.Pick(ask.Questions);
        if (template.Contains("{a}") || template.Contains("{b}"))
            return null;
        Fact asked = _writer.DrawFact(subject, relation);
        // What is told of the same noun might answer it in other words.
        Fact[] related = !template.Contains("{s") ? [.. facts.SelectMany(one => one)] : isStranger ? [] : told;
        if (asked.Noun.Length > 0 && related.Any(fact => fact.Noun == asked.Noun))
            return null;
        string question = asked.Fill(template, SubjectName(subject, template));
        string[] guesses = [.. facts.SelectMany(one => one).SelectMany(fact => "ab".Where(which => fact.Kind(which) == asked.Kind(ask.Value)).Select(fact.Value))];
        string guess = guesses.Length > 0 ? dice.Pick(guesses) : asked.Value(ask.Value);
        return new Exchange(question, Absent, IsAbsent: true, [Replaced(ask, asked, guess)]);
    }

    private static string Replaced(Ask ask, Fact fact, string value) => ask.Value switch
    {
        's' => fact.Fill(ask.Answer, value),
        'a' => (fact with { A = value }).Fill(ask.Answer, fact.Subject.Name),
        _ => (fact with { B = value }).Fill(ask.Answer, fact.Subject.Name),
    };

    private string SubjectName(Entity subject, string template) => template.Contains("{s") && dice.Chance(30) ? subject.Short : subject.Name;

    private string Phrased(string question)
    {
        string lower = char.ToLowerInvariant(question[0]) + question[1..];
        return dice.Weighted(76, 6, 6, 6, 6) switch
        {
            0 => question,
            1 => question.EndsWith('?') ? $"Tell me: {lower}" : question,
            2 => question.EndsWith('?') ? $"Please tell me: {lower}" : $"Please {lower}",
            3 => lower.TrimEnd('?', '.'),
            _ => lower,
        };
    }
}
