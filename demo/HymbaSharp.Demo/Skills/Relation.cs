namespace HymbaSharp.Demo.Skills;

/// <summary>What a fact is told of.</summary>
internal enum SubjectKind
{
    Person,
    Place,
    Thing,
}

/// <summary>What stands in a fact; wrong answers are taken from the same kind.</summary>
internal enum ValueKind
{
    None,
    Person,
    Place,
    Thing,
    Year,
    Few,
    Many,
    Hour,
    Color,
    Day,
    Food,
    Goods,
    Material,
    Instrument,
    Job,
    Anything,
}

/// <summary>A way to ask for one value of a fact.</summary>
/// <param name="Value">What is asked for: <c>s</c> the subject, <c>a</c> or <c>b</c> a value.</param>
/// <param name="Answer">The whole answer.</param>
/// <param name="Questions">How it is asked.</param>
internal sealed record Ask(char Value, string Answer, params string[] Questions);

/// <summary>
/// A kind of fact. In its templates <c>{s}</c> is the subject, <c>{s's}</c> its possessive, <c>{p}</c> its pronoun, <c>{n}</c> one of the nouns, <c>{a}</c> and <c>{b}</c> the values.
/// A statement that begins with the subject may get a pronoun in its place. Answers begin with a short word, so that the value in them is written as in the passage, the space before it included.
/// </summary>
internal sealed record Relation(SubjectKind Subject, string[] Statements, Ask[] Asks)
{
    public ValueKind A { get; init; }

    public ValueKind B { get; init; }

    public string[] Nouns { get; init; } = [];

    /// <summary>Whether the noun may be any word, known or made up.</summary>
    public bool AnyNoun { get; init; }
}
