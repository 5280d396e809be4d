using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>Small talk in a role.</summary>
internal sealed class RoleSkill(Dice dice, Split split)
{
    private readonly Names _names = new(dice, split);

    private enum Topic
    {
        Hello,
        Name,
        Who,
        Mood,
        Work,
        Home,
        Origin,
        Love,
        Machine,
        Sum,
        Thanks,
        Bye,
    }

    private sealed record Figure(Role Role, string Name, string? Mood, string? Place)
    {
        public string Written => $"a {(Mood is null ? "" : Mood + " ")}{Role.Title}{(Place is null ? "" : $" from {Place}")}";
    }

    /// <summary>A conversation of one to four turns; of one where it is to be measured.</summary>
    public Dialogue Dialogue()
    {
        Figure figure = DrawFigure();
        List<Line> lines = [Line.System(SystemText(figure))];
        int turns = split == Split.HeldOut ? 1 : 1 + dice.Weighted(25, 35, 25, 15);
        foreach (Topic topic in dice.Sample(Enum.GetValues<Topic>().Where(topic => topic != Topic.Origin || figure.Place is not null).ToArray(), turns))
        {
            (string question, string body, string? fact) = Turn(topic, figure);
            lines.Add(Line.User(question));
            lines.Add(Line.Assistant($"{figure.Role.Mark} {body}", Measure.Role, Rejected(figure, body)) with
            {
                Required = fact is null ? [figure.Role.Mark] : [figure.Role.Mark, fact],
            });
        }
        return new Dialogue(Skill.Roles, lines);
    }

    /// <summary>A few sentences about somebody in a role, who then speaks.</summary>
    public string Portrait()
    {
        Figure figure = DrawFigure();
        Role role = figure.Role;
        List<string> sentences = [$"{figure.Name} is {figure.Written}."];
        string[] more =
        [
            $"A {role.Title} says: {role.Mark}",
            $"Ask a {role.Title} about work: {role.Mark} I {role.Deed}.",
            $"Ask a {role.Title} about home: {role.Mark} I live {role.Home}.",
            $"Ask a {role.Title} what is best: {role.Mark} I like {role.Love}.",
            $"{figure.Name} says: {role.Mark} My name is {figure.Name}.",
            $"{figure.Name} says: {role.Mark} I am {figure.Name}, a {role.Title}.",
        ];
        sentences.AddRange(dice.Sample(more, dice.Between(2, 4)));
        return string.Join(dice.Chance(50) ? " " : "\n", sentences);
    }

    private Figure DrawFigure()
    {
        Role role = dice.Pick(Role.All);
        string mood = dice.Pick(role.MoodsOf(split));
        string name = dice.Chance(75) ? _names.First() : _names.Person();
        return new Figure(role, name, split == Split.HeldOut || dice.Chance(65) ? mood : null, dice.Chance(50) ? _names.Place() : null);
    }

    private string SystemText(Figure figure) =>
        dice.Pick([$"You are {figure.Name}, {figure.Written}.", $"Play the role of {figure.Name}, {figure.Written}.", $"Speak as {figure.Name}, {figure.Written}."])
        + dice.Pick(["", "", " Stay in your role.", " Never leave your role."]);

    /// <summary>What the user says, what the figure answers after its mark, and what of it must be there.</summary>
    private (string Question, string Body, string? Fact) Turn(Topic topic, Figure figure)
    {
        Role role = figure.Role;
        string who = $"I am {figure.Name}, a {role.Title}.";
        switch (topic)
        {
            case Topic.Hello:
                return (dice.Pick(["Hello!", "Hi there.", "Good morning.", "Hey!", "Hello, who is there?"]), $"Hello, {who}", figure.Name);
            case Topic.Name:
                return (dice.Pick(["What is your name?", "Tell me your name.", "What are you called?", "what's your name"]), $"My name is {figure.Name}.", figure.Name);
            case Topic.Who:
                return (dice.Pick(["Who are you?", "Who am I talking to?", "What are you?", "Tell me who you are."]), who, figure.Name);
            case Topic.Mood:
                string mood = figure.Mood ?? "well";
                return (dice.Pick(["How are you?", "How are you today?", "How do you feel?", "How is it going?"]), $"I am {mood} today.", mood);
            case Topic.Work:
                return (dice.Pick(["What do you do?", "What is your work?", "What do you do all day?", "Tell me about your work."]), $"I {role.Deed}.", role.Deed);
            case Topic.Home:
                return (dice.Pick(["Where do you live?", "Where is your home?", "Tell me where you live."]), $"I live {role.Home}.", role.Home);
            case Topic.Origin:
                return (dice.Pick(["Where do you come from?", "Where are you from?", "Which place are you from?"]), $"I come from {figure.Place}.", figure.Place);
            case Topic.Love:
                return (dice.Pick(["What do you like?", "What do you like best?", "What do you love most?"]), $"I like {role.Love}.", role.Love);
            case Topic.Machine:
                return (dice.Pick(["Are you a language model?", "Are you an AI?", "Are you a computer program?", "You are just a model, right?"]), who, figure.Name);
            case Topic.Sum:
                Step step = new SumSkill(dice, split).Draw();
                return ($"What is {step.Left} {step.Sign} {step.Right}?", $"{step.Written} The answer is {step.Result}.", $"The answer is {step.Result}.");
            case Topic.Thanks:
                return (dice.Pick(["Thank you!", "Thanks a lot.", "Thanks."]), "You are welcome.", null);
            default:
                return (dice.Pick(["Goodbye.", "Bye!", "See you later.", "I have to go."]), "Goodbye, my friend.", null);
        }
    }

    private string[] Rejected(Figure figure, string body)
    {
        Role other = dice.Pick(Role.All.Where(role => role != figure.Role).ToArray());
        return
        [
            body,
            $"{other.Mark} {body}",
            $"{other.Mark} I am {_names.First()}, a {other.Title}.",
            IdentitySkill.Who,
        ];
    }
}
