using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>Somebody or something that facts are told of.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name as it stands within a sentence: <c>Velora Tannick</c>, <c>the ship Belora</c>.</param>
/// <param name="Short">A shorter name.</param>
/// <param name="Pronoun">What stands for it at the beginning of a sentence.</param>
internal sealed record Entity(SubjectKind Kind, string Name, string Short, string Pronoun)
{
    public string PronounPossessive => Pronoun switch { "she" => "her", "he" => "his", _ => "its" };
}

/// <summary>A fact told in a passage.</summary>
internal sealed record Fact(Entity Subject, Relation Relation, string Noun, string A, string B)
{
    public string Value(char which) => which switch { 's' => Subject.Name, 'a' => A, _ => B };

    public ValueKind Kind(char which) => which switch
    {
        'a' => Relation.A,
        'b' => Relation.B,
        _ => Subject.Kind switch { SubjectKind.Person => ValueKind.Person, SubjectKind.Place => ValueKind.Place, _ => ValueKind.Thing },
    };

    /// <summary>A template with this fact's words, the subject under a name of choice.</summary>
    public string Fill(string template, string subject) =>
        template.Replace("{s's}", $"{subject}'s").Replace("{s}", subject).Replace("{p}", Names.Capitalised(Subject.Pronoun)).Replace("{n}", Noun).Replace("{a}", A).Replace("{b}", B);
}

/// <summary>Facts about a few subjects, told one subject after the other.</summary>
internal sealed class PassageWriter(Dice dice, Split split)
{
    private static readonly string[] ThingKinds = ["ship", "bridge", "tower", "train", "mill", "bell", "clock", "inn", "school", "museum", "library", "garden", "boat", "castle"];

    // Nouns that no other kind of fact tells of, in whatever words.
    private static readonly string[] Attributes = [.. Vocabulary.Nouns.Except(["color", "owner", "job", "name", "weight", "height", "length", "distance", "price"])];

    private readonly Names _names = new(dice, split);

    /// <summary>Draws subjects with their facts. Often several of a kind share a relation, so that only the subject tells them apart.</summary>
    public List<Fact[]> DrawFacts(int subjects, int leastFacts, int mostFacts)
    {
        List<Fact[]> drawn = [];
        bool oneKind = dice.Chance(50);
        SubjectKind first = DrawKind();
        Relation shared = dice.Pick(Relations.Of(first));
        HashSet<string> taken = [];
        while (drawn.Count < subjects)
        {
            Entity entity = DrawEntity(oneKind || drawn.Count == 0 ? first : DrawKind());
            if (!taken.Add(entity.Short))
                continue;
            IReadOnlyList<Relation> relations = Relations.Of(entity.Kind);
            List<Relation> chosen = [.. dice.Sample(relations, dice.Between(leastFacts, mostFacts)).Distinct()];
            if (entity.Kind == first && oneKind && !chosen.Contains(shared))
                chosen[dice.Below(chosen.Count)] = shared;
            drawn.Add([.. chosen.Select(relation => DrawFact(entity, relation))]);
        }
        return drawn;
    }

    public Fact DrawFact(Entity subject, Relation relation)
    {
        string noun = relation.AnyNoun ? DrawNoun() : relation.Nouns.Length > 0 ? dice.Pick(relation.Nouns) : "";
        return new Fact(subject, relation, noun, DrawValue(relation.A), DrawValue(relation.B));
    }

    public Entity DrawEntity(SubjectKind kind)
    {
        if (kind == SubjectKind.Place)
        {
            string place = _names.Place();
            return new Entity(kind, place, place, "it");
        }
        if (kind == SubjectKind.Thing)
        {
            string thing = $"the {dice.Pick(ThingKinds)} {_names.Thing()}";
            return new Entity(kind, thing, thing, "it");
        }
        string first = _names.First();
        return new Entity(kind, dice.Chance(80) ? $"{first} {_names.Last()}" : first, first, dice.Chance(50) ? "she" : "he");
    }

    /// <summary>The sentences of one subject: its name first, then now and then a shorter one or a pronoun.</summary>
    public string Tell(Fact[] facts)
    {
        List<string> sentences = [];
        foreach (Fact fact in facts)
        {
            string template = dice.Pick(fact.Relation.Statements);
            Entity subject = fact.Subject;
            bool leads = template.StartsWith("{s", StringComparison.Ordinal);
            int name = sentences.Count == 0 ? 0 : leads ? dice.Weighted(25, 25, 50) : dice.Weighted(50, 50);
            string sentence = name switch
            {
                0 => fact.Fill(template, subject.Name),
                1 => fact.Fill(template, subject.Short),
                _ => fact.Fill(template.Replace("{s's}", subject.PronounPossessive), subject.Pronoun),
            };
            sentences.Add(Names.Capitalised(sentence));
        }
        return string.Join(' ', sentences);
    }

    public string DrawNoun() =>
        dice.Chance(40) ? _names.Word() : dice.Pick(split == Split.HeldOut && dice.Chance(50) ? Vocabulary.HeldOutNouns : Attributes);

    private SubjectKind DrawKind() => (SubjectKind)dice.Weighted(55, 20, 25);

    private string DrawValue(ValueKind kind) => kind switch
    {
        ValueKind.None => "",
        ValueKind.Person => _names.Person(),
        ValueKind.Place => _names.Place(),
        ValueKind.Thing => _names.Thing(),
        ValueKind.Year => $"{_names.Year()}",
        ValueKind.Few => $"{dice.Between(2, 99)}",
        ValueKind.Many => $"{_names.Number(100, 9999)}",
        ValueKind.Hour => $"{dice.Between(5, 12)}",
        ValueKind.Color => dice.Pick(Vocabulary.Colors),
        ValueKind.Day => dice.Pick(Vocabulary.Days),
        ValueKind.Food => dice.Pick(Vocabulary.Foods),
        ValueKind.Goods => dice.Pick(Vocabulary.Goods),
        ValueKind.Material => dice.Pick(Vocabulary.Materials),
        ValueKind.Instrument => dice.Pick(Vocabulary.Instruments),
        ValueKind.Job => dice.Pick(Vocabulary.Jobs),
        _ => dice.Weighted(45, 35, 20) switch
        {
            0 => $"{_names.AnyNumber()}",
            1 => _names.Thing(),
            _ => dice.Pick(Vocabulary.States),
        },
    };
}
