using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>A request that names a tool's values, and the values in the order of its parameters.</summary>
internal sealed record ToolRequest(DemoTool Tool, string Text, IReadOnlyList<string> Values);

/// <summary>Composes tools, and requests for them.</summary>
internal sealed class ToolMaker(Dice dice, Split split, Wordings wordings = Wordings.Few)
{
    // What asks for something, then what does something.
    private static readonly string[] AskingVerbs = ["get", "find", "check", "show", "read"];
    private static readonly string[] DoingVerbs = ["set", "send", "book", "order", "add", "cancel", "start", "stop", "open", "close", "create", "change", "remove", "play", "buy", "move", "print", "save"];

    private static readonly string[] PlaceNames = ["city", "town", "place", "village", "country", "region", "location"];
    private static readonly string[] PersonNames = ["person", "guest", "customer", "friend", "client", "name", "driver", "teacher"];
    private static readonly string[] WordNames = ["item", "product", "brand", "topic", "model", "type", "label", "category"];
    private static readonly string[] NumberNames = ["count", "amount", "number", "minutes", "hours", "days", "seats", "price", "level", "code", "year", "quantity", "size", "page", "limit"];
    private static readonly string[] TextNames = ["text", "message", "note", "title", "subject"];
    private static readonly string[] HourNames = ["hour", "time", "start"];
    private static readonly string[] Units = ["minutes", "hours", "days", "seats"];

    private readonly Names _names = new(dice, split);

    /// <summary>Up to four tools, the one to be used among them. Some differ from it only in the verb or only in the noun.</summary>
    public (List<DemoTool> Tools, DemoTool Wanted) DrawTools()
    {
        DemoTool wanted = Draw(DrawVerb(), DrawNoun());
        List<DemoTool> tools = [wanted];
        int count = 1 + (wordings == Wordings.Many ? dice.Weighted(5, 15, 35, 45) : dice.Weighted(15, 30, 30, 25));
        while (tools.Count < count)
        {
            DemoTool other = dice.Weighted(20, 20, 60) switch
            {
                0 => Draw(DrawVerb(), wanted.Noun),
                1 => Draw(wanted.Verb, DrawNoun()),
                _ => Draw(DrawVerb(), DrawNoun()),
            };
            // Verbs that ask are asked alike ("What is the …?"): one of them for a noun.
            if (!tools.Any(tool => tool.Name == other.Name || (tool.Noun == other.Noun && IsAsking(tool) && IsAsking(other))))
                tools.Add(other);
        }
        dice.Shuffle(tools);
        return (tools, wanted);
    }

    public static bool IsAsking(DemoTool tool) => AskingVerbs.Contains(tool.Verb);

    public string DrawNoun() =>
        split == Split.HeldOut
            ? dice.Chance(50) ? dice.Pick(Vocabulary.HeldOutNouns) : _names.Word()
            // A noun that the tokenizer knows whole teaches little of how to copy one that it doesn't.
            : dice.Chance(wordings == Wordings.Many ? 25 : 60) ? dice.Pick(Vocabulary.Nouns) : _names.Word();

    /// <summary>A request for a tool with new values.</summary>
    public ToolRequest DrawRequest(DemoTool tool)
    {
        string[] values = [.. tool.Parameters.Select(DrawValue)];
        return new ToolRequest(tool, RequestText(tool, values), values);
    }

    /// <summary>A value that the parameter takes.</summary>
    public string DrawValue(Parameter parameter) => parameter.Kind switch
    {
        ParameterKind.Place or ParameterKind.Origin or ParameterKind.Target => _names.Place(),
        ParameterKind.Person => dice.Chance(50) ? _names.First() : _names.Person(),
        ParameterKind.Day => dice.Pick(Vocabulary.Days),
        ParameterKind.Color => dice.Pick(Vocabulary.Colors),
        ParameterKind.Text => string.Join(' ', dice.Sample(Vocabulary.Plain, dice.Between(2, 4))),
        ParameterKind.Number => $"{_names.AnyNumber()}",
        ParameterKind.Hour => $"{dice.Between(1, 12)}",
        _ => dice.Chance(60) ? _names.Thing() : _names.Word(),
    };

    private string DrawVerb() => dice.Chance(50) ? dice.Pick(AskingVerbs) : dice.Pick(DoingVerbs);

    private DemoTool Draw(string verb, string noun)
    {
        List<Parameter> parameters = [];
        bool isTravel = dice.Chance(8);
        if (isTravel)
            parameters.AddRange([new("from", ParameterKind.Origin), new("to", ParameterKind.Target)]);
        int count = isTravel ? 2 : dice.Weighted(6, 45, 35, 14);
        while (parameters.Count < count)
        {
            Parameter parameter = DrawParameter();
            // Two of a kind could be told apart only by an unnatural sentence.
            if (parameter.Name != noun && !parameters.Any(other => other.Kind == parameter.Kind || other.Name == parameter.Name))
                parameters.Add(parameter);
        }
        if (!isTravel)
            dice.Shuffle(parameters);
        return new DemoTool(verb, noun, Describe(verb, noun, parameters), parameters, dice.Chance(50));
    }

    private Parameter DrawParameter()
    {
        ParameterKind kind = dice.Weighted(26, 18, 14, 7, 4, 5, 5, 21) switch
        {
            0 => ParameterKind.Place,
            1 => ParameterKind.Person,
            2 => ParameterKind.Word,
            3 => ParameterKind.Day,
            4 => ParameterKind.Color,
            5 => ParameterKind.Text,
            6 => ParameterKind.Hour,
            _ => ParameterKind.Number,
        };
        string name = kind switch
        {
            ParameterKind.Place => dice.Pick(PlaceNames),
            ParameterKind.Person => dice.Pick(PersonNames),
            ParameterKind.Word => dice.Chance(40) ? _names.Word() : dice.Pick(WordNames),
            ParameterKind.Day => "day",
            ParameterKind.Color => "color",
            ParameterKind.Text => dice.Pick(TextNames),
            ParameterKind.Hour => dice.Pick(HourNames),
            _ => dice.Chance(25) ? _names.Word() : dice.Pick(NumberNames),
        };
        return new Parameter(name, kind) { Description = dice.Chance(10) ? $"The {name}." : null };
    }

    private string Describe(string verb, string noun, List<Parameter> parameters)
    {
        string action = $"{Names.Capitalised(verb)} {(IsAsking(verb) || dice.Chance(50) ? $"the {noun}" : Names.WithArticle(noun))}";
        if (parameters.Count == 0 || dice.Chance(40))
            return $"{action}.";
        return parameters[0].Kind switch
        {
            ParameterKind.Place => $"{action} in {Names.WithArticle(parameters[0].Name)}.",
            ParameterKind.Person => $"{action} for {Names.WithArticle(parameters[0].Name)}.",
            ParameterKind.Origin => $"{action} from one place to another.",
            ParameterKind.Day => $"{action} on a day.",
            ParameterKind.Hour => $"{action} at a time.",
            _ => $"{action} by {parameters[0].Name}.",
        };
    }

    private static bool IsAsking(string verb) => AskingVerbs.Contains(verb);

    private string RequestText(DemoTool tool, string[] values)
    {
        List<string> details = [];
        for (int i = 0; i < values.Length; i++)
            details.Add(Detail(tool, tool.Parameters[i], values[i]));
        // A person names things in any order; the arguments follow the schema. From and to belong together.
        if (details.Count > 1 && tool.Parameters[0].Kind != ParameterKind.Origin && dice.Chance(40))
            dice.Shuffle(details);
        string rest = string.Concat(details.Select(detail => $" {detail}"));
        string what = $"{tool.Noun}{rest}";
        if (IsAsking(tool) && dice.Chance(60))
            return dice.Pick([$"What is the {what}?", $"What is the {what}?", $"Tell me the {what}.", $"I need the {what}.", $"I want to know the {what}.", $"what is the {what}"]);
        string action = $"{tool.Verb} {(IsAsking(tool) || dice.Chance(50) ? $"the {what}" : Names.WithArticle(what))}";
        return dice.Pick([$"Please {action}.", $"Can you {action}?", $"{Names.Capitalised(action)}.", $"{Names.Capitalised(action)}, please.", $"I want you to {action}.", action]);
    }

    private string Detail(DemoTool tool, Parameter parameter, string value) => parameter.Kind switch
    {
        // Beside a person, "for" is the person's.
        ParameterKind.Place when tool.Parameters.Any(other => other.Kind == ParameterKind.Person) => $"in {value}",
        ParameterKind.Place => dice.Pick([$"in {value}", $"in {value}", $"at {value}", $"for {value}"]),
        ParameterKind.Person => dice.Pick([$"for {value}", $"for {value}", $"of {value}"]),
        ParameterKind.Day => $"on {value}",
        ParameterKind.Hour => $"at {value}",
        ParameterKind.Color => $"in {value}",
        ParameterKind.Origin => $"from {value}",
        ParameterKind.Target => $"to {value}",
        ParameterKind.Text => $"with the {parameter.Name} \"{value}\"",
        ParameterKind.Number when Units.Contains(parameter.Name) => dice.Pick([$"for {value} {parameter.Name}", $"with {value} {parameter.Name}"]),
        _ => dice.Pick([$"with {parameter.Name} {value}", $"with the {parameter.Name} {value}"]),
    };
}
