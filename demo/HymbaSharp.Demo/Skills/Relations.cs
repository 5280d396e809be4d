using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>The kinds of facts that passages tell.</summary>
internal static class Relations
{
    private static readonly Relation[] OfPersons =
    [
        new(SubjectKind.Person, ["{s} was born in {a}."],
            [new('a', "In {a}.", "When was {s} born?", "In which year was {s} born?", "What year was {s} born in?")]) { A = ValueKind.Year },
        new(SubjectKind.Person, ["{s} lives in {a}.", "{s's} home is in {a}."],
            [new('a', "In {a}.", "Where does {s} live?", "In which town does {s} live?", "Where is the home of {s}?")]) { A = ValueKind.Place },
        new(SubjectKind.Person, ["{s} comes from {a}.", "{s} is from {a}."],
            [new('a', "From {a}.", "Where does {s} come from?", "Where is {s} from?")]) { A = ValueKind.Place },
        new(SubjectKind.Person, ["{s} works as a {a}.", "{s} is a {a}."],
            [new('a', "As a {a}.", "What does {s} work as?", "What is the job of {s}?", "What is {s's} job?")]) { A = ValueKind.Job },
        new(SubjectKind.Person, ["{s's} {n} is {a}.", "The {n} of {s} is {a}."],
            [
                new('a', "It is {a}.", "Who is the {n} of {s}?", "Who is {s's} {n}?", "What is the name of {s's} {n}?"),
                new('s', "Of {s}.", "Whose {n} is {a}?"),
            ]) { A = ValueKind.Person, Nouns = Vocabulary.Relatives },
        new(SubjectKind.Person, ["{s} has {a} {n}.", "{s} keeps {a} {n}."],
            [new('a', "There are {a}.", "How many {n} does {s} have?", "How many {n} has {s} got?")]) { A = ValueKind.Few, Nouns = [.. Vocabulary.Animals, .. Vocabulary.Countables] },
        new(SubjectKind.Person, ["{s} runs the {n} in {a}.", "The {n} in {a} is run by {s}."],
            [
                new('s', "It is {s}.", "Who runs the {n} in {a}?", "Who runs the {n}?"),
                new('a', "In {a}.", "Where does {s} run the {n}?", "Where is the {n} of {s}?", "Where is the {n}?"),
            ]) { A = ValueKind.Place, Nouns = Vocabulary.Shops },
        new(SubjectKind.Person, ["{s} runs the {n} in {a}. {p} opened it in {b}.", "{s} runs the {n} in {a} and opened it in {b}.", "{s} opened the {n} in {a} in {b}."],
            [
                new('b', "In {b}.", "When did {s} open the {n}?", "In which year did {s} open the {n}?", "When was the {n} in {a} opened?", "When was the {n} opened?"),
                new('s', "It is {s}.", "Who opened the {n} in {a}?", "Who opened the {n}?"),
            ]) { A = ValueKind.Place, B = ValueKind.Year, Nouns = Vocabulary.Shops },
        new(SubjectKind.Person, ["{s's} favorite color is {a}."],
            [new('a', "It is {a}.", "What is the favorite color of {s}?", "What is {s's} favorite color?", "Which color does {s} like best?")]) { A = ValueKind.Color },
        new(SubjectKind.Person, ["{s} likes {a}.", "{s} likes {a} best."],
            [new('a', "It is {a}.", "What does {s} like?", "Which food does {s} like?")]) { A = ValueKind.Food },
        new(SubjectKind.Person, ["{s} plays the {a}."],
            [new('a', "It is the {a}.", "What does {s} play?", "Which instrument does {s} play?")]) { A = ValueKind.Instrument },
        new(SubjectKind.Person, ["{s} moved to {a} in {b}.", "In {b}, {s} moved to {a}."],
            [
                new('a', "To {a}.", "Where did {s} move?", "Where did {s} move in {b}?"),
                new('b', "In {b}.", "When did {s} move to {a}?", "When did {s} move?"),
            ]) { A = ValueKind.Place, B = ValueKind.Year },
        new(SubjectKind.Person, ["{s} bought a {n} for {a} coins.", "{s} paid {a} coins for a {n}."],
            [
                new('a', "For {a} coins.", "How much did {s} pay for the {n}?", "For how many coins did {s} buy the {n}?"),
                new('s', "It is {s}.", "Who bought the {n}?", "Who bought a {n}?"),
            ]) { A = ValueKind.Many, Nouns = Vocabulary.Wares },
        new(SubjectKind.Person, ["{s} is {a} years old."],
            [new('a', "It is {a}.", "How old is {s}?", "What is the age of {s}?")]) { A = ValueKind.Few },
        new(SubjectKind.Person, ["{s} wrote the book {a} in {b}.", "In {b}, {s} wrote the book {a}."],
            [
                new('s', "It is {s}.", "Who wrote the book {a}?", "Who wrote {a}?"),
                new('a', "It is {a}.", "Which book did {s} write?", "What did {s} write?"),
                new('b', "In {b}.", "When did {s} write the book {a}?", "When was the book {a} written?"),
            ]) { A = ValueKind.Thing, B = ValueKind.Year },
    ];

    private static readonly Relation[] OfPlaces =
    [
        new(SubjectKind.Place, ["{s} was founded in {a}.", "People founded {s} in {a}."],
            [new('a', "In {a}.", "When was {s} founded?", "In which year was {s} founded?")]) { A = ValueKind.Year },
        new(SubjectKind.Place, ["{s} has {a} people.", "About {a} people live in {s}."],
            [new('a', "There are {a}.", "How many people live in {s}?", "How many people does {s} have?")]) { A = ValueKind.Many },
        new(SubjectKind.Place, ["The mayor of {s} is {a}.", "{s's} mayor is {a}."],
            [
                new('a', "It is {a}.", "Who is the mayor of {s}?", "What is the name of the mayor of {s}?"),
                new('s', "Of {s}.", "Of which town is {a} the mayor?"),
            ]) { A = ValueKind.Person },
        new(SubjectKind.Place, ["{s} lies on the river {a}."],
            [new('a', "On the {a}.", "On which river does {s} lie?", "Which river is {s} on?")]) { A = ValueKind.Thing },
        new(SubjectKind.Place, ["{s} is {b} miles from {a}."],
            [new('b', "It is {b} miles.", "How far is {s} from {a}?", "How many miles is it from {s} to {a}?")]) { A = ValueKind.Place, B = ValueKind.Few },
        new(SubjectKind.Place, ["{s} is known for its {a}.", "{s} is famous for its {a}."],
            [new('a', "For its {a}.", "What is {s} known for?", "What is {s} famous for?")]) { A = ValueKind.Goods },
        new(SubjectKind.Place, ["The market in {s} is on {a}.", "{s} has a market on {a}."],
            [new('a', "On {a}.", "When is the market in {s}?", "On which day is the market in {s}?")]) { A = ValueKind.Day },
        new(SubjectKind.Place, ["The oldest {n} in {s} was built in {a}."],
            [new('a', "In {a}.", "When was the oldest {n} in {s} built?", "In which year was the oldest {n} in {s} built?")]) { A = ValueKind.Year, Nouns = Vocabulary.Buildings },
    ];

    private static readonly Relation[] OfThings =
    [
        new(SubjectKind.Thing, ["{s} was built by {a} in {b}.", "{s} was built in {b} by {a}.", "{a} built {s} in {b}."],
            [
                new('a', "It is {a}.", "Who built {s}?", "By whom was {s} built?"),
                new('b', "In {b}.", "When was {s} built?", "In which year was {s} built?"),
            ]) { A = ValueKind.Person, B = ValueKind.Year },
        new(SubjectKind.Thing, ["{s} is {a} meters {n}."],
            [new('a', "It is {a} meters.", "How {n} is {s}?", "How many meters {n} is {s}?")]) { A = ValueKind.Many, Nouns = ["long", "high", "wide", "deep"] },
        new(SubjectKind.Thing, ["{s} weighs {a} tons."],
            [new('a', "It is {a} tons.", "How much does {s} weigh?", "How heavy is {s}?")]) { A = ValueKind.Few },
        new(SubjectKind.Thing, ["{s} is painted {a}.", "{s's} color is {a}."],
            [new('a', "It is {a}.", "What color is {s}?", "Which color does {s} have?")]) { A = ValueKind.Color },
        new(SubjectKind.Thing, ["{s} stands in {a}.", "{s} is in {a}."],
            [new('a', "In {a}.", "Where is {s}?", "Where does {s} stand?", "In which town is {s}?")]) { A = ValueKind.Place },
        new(SubjectKind.Thing, ["{s} belongs to {a}.", "{s's} owner is {a}."],
            [new('a', "It is {a}.", "Who owns {s}?", "Who is the owner of {s}?", "Who does {s} belong to?")]) { A = ValueKind.Person },
        new(SubjectKind.Thing, ["A ticket for {s} costs {a} coins."],
            [new('a', "It is {a} coins.", "How much is a ticket for {s}?", "What does a ticket for {s} cost?")]) { A = ValueKind.Few },
        new(SubjectKind.Thing, ["{s} is closed on {a}."],
            [new('a', "On {a}.", "When is {s} closed?", "On which day is {s} closed?")]) { A = ValueKind.Day },
        new(SubjectKind.Thing, ["{s} opens at {a}."],
            [new('a', "At {a}.", "When does {s} open?", "At what time does {s} open?")]) { A = ValueKind.Hour },
        new(SubjectKind.Thing, ["{s} is named after {a}."],
            [new('a', "After {a}.", "Who is {s} named after?", "After whom is {s} named?")]) { A = ValueKind.Person },
        new(SubjectKind.Thing, ["{s} is made of {a}."],
            [new('a', "Of {a}.", "What is {s} made of?")]) { A = ValueKind.Material },
    ];

    /// <summary>The same for each kind of subject: an attribute of any name. It teaches to find what the question names.</summary>
    private static Relation Attribute(SubjectKind subject) =>
        new(subject, ["The {n} of {s} is {a}.", "{s's} {n} is {a}."],
            [new('a', "It is {a}.", "What is the {n} of {s}?", "What is {s's} {n}?", "Tell me the {n} of {s}.")])
        { A = ValueKind.Anything, AnyNoun = true };

    private static readonly Relation[][] ByKind =
    [
        Enlarged(OfPersons, SubjectKind.Person), Enlarged(OfPlaces, SubjectKind.Place), Enlarged(OfThings, SubjectKind.Thing),
    ];

    /// <summary>The relations of a subject, the one of any attribute several times.</summary>
    public static IReadOnlyList<Relation> Of(SubjectKind subject) => ByKind[(int)subject];

    private static Relation[] Enlarged(Relation[] relations, SubjectKind subject)
    {
        Relation attribute = Attribute(subject);
        return [.. relations, attribute, attribute, attribute];
    }
}
