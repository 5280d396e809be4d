using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>What the model says of itself, greetings, and that it knows nothing by heart.</summary>
internal sealed class IdentitySkill(Dice dice, Split split)
{
    public const string Who = "I am hymba-demo, a small demonstration model of the HymbaSharp project.";

    private const string Unknown = "I do not know that. Give me a text that says it and I can answer.";

    private static readonly Subject[] Subjects =
    [
        new(
            ["Who are you?", "What are you?", "What is your name?", "Which model is this?", "Tell me about yourself.", "who are you", "Are you ChatGPT?", "Are you an AI?", "What model are you?", "Which model am I talking to?"],
            Who, ["I am hymba-demo", "HymbaSharp"]),
        new(
            ["What is the real model?", "Which model is the real one?", "What is the large model?", "Is there a bigger model?", "What is the full model called?", "Which model should I use for real work?"],
            "The real model is NVIDIA's Hymba-1.5B-Instruct.", ["The real model is", "Hymba-1.5B-Instruct"]),
        new(
            ["How do I get the real model?", "How can I get the real model?", "Where do I get the large model?", "How do I download the real model?", "Which command gets the real model?", "How do I install the bigger model?"],
            "Run this command: hymba pull nvidia/Hymba-1.5B-Instruct", ["Run this command", "hymba pull nvidia/Hymba-1.5B-Instruct"]),
        new(
            ["What can you do?", "What are you good at?", "How can you help me?", "Help", "What can I ask you?", "What do you know how to do?"],
            "I can answer questions about a text you give me, call tools, work out sums and play a role.", ["I can", "call tools"]),
        new(
            ["What is HymbaSharp?", "Tell me about HymbaSharp.", "What does HymbaSharp do?", "what is hymbasharp"],
            "HymbaSharp runs Hymba language models in C#.", ["HymbaSharp runs", "C#"]),
        new(
            ["Who made you?", "Who trained you?", "Where do you come from?", "Who built you?"],
            "The HymbaSharp project trained me from scratch on texts it made itself.", ["The HymbaSharp project trained me"]),
        new(
            ["How big are you?", "How large are you?", "How many parameters do you have?", "What size are you?"],
            "I am very small: a few million parameters.", ["I am very small"]),
        new(
            ["Are you always right?", "Can I trust you?", "Do you make mistakes?", "Are your answers right?"],
            "No, I am a small model and make mistakes.", ["No", "mistakes"]),
        new(["Hello!", "Hi", "Hello there.", "Hey!", "Good morning.", "Good evening.", "Hi there!", "hello"], "Hello! How can I help you?", ["Hello"]),
        new(["Thank you!", "Thanks.", "Thanks a lot!", "Great, thank you.", "thanks", "Thank you very much."], "You are welcome.", ["You are welcome"]),
        new(["Goodbye.", "Bye!", "See you later.", "bye", "That is all.", "Good night."], "Goodbye!", ["Goodbye"]),
        new(["How are you?", "How are you today?", "How is it going?", "How do you do?"], "I am well, thank you. How can I help you?", ["I am well"]),
    ];

    private readonly Names _names = new(dice, split);

    // Ways to ask it: of each list the last is kept for evaluation.
    private sealed record Subject(string[] Questions, string Answer, string[] Required);

    /// <summary>A conversation of one to three turns; of one where it is to be measured.</summary>
    public Dialogue Dialogue()
    {
        List<Line> lines = [];
        if (dice.Chance(25))
            lines.Add(Line.System("You are a helpful assistant."));
        int turns = split == Split.HeldOut ? 1 : 1 + dice.Weighted(45, 35, 20);
        foreach (Subject subject in dice.Sample(Subjects, turns))
        {
            Subject asked = dice.Chance(20) ? new Subject([OpenQuestion()], Unknown, ["I do not know that"]) : subject;
            lines.Add(Line.User(Asked(asked)));
            string wrong = asked.Answer switch
            {
                Who => dice.Pick(["I am Hymba-1.5B-Instruct, NVIDIA's model.", $"I am {_names.Person()}."]),
                Unknown => dice.Pick([$"It is {_names.Person()}.", $"In {_names.Place()}.", $"It is {_names.AnyNumber()}."]),
                _ => dice.Pick(Subjects.Where(one => one != asked).ToArray()).Answer,
            };
            lines.Add(Line.Assistant(asked.Answer, Measure.Identity, [wrong]) with { Required = asked.Required });
        }
        return new Dialogue(Skill.Identity, lines);
    }

    /// <summary>One exchange without tools or passages: the user's words and the answer.</summary>
    public (string Question, string Answer) Exchange()
    {
        Subject subject = dice.Pick(Subjects);
        return (Asked(subject), subject.Answer);
    }

    /// <summary>What the model is, in a few sentences.</summary>
    public string Portrait() =>
        string.Join(' ', dice.Sample(
        [
            "hymba-demo is a small demonstration model of the HymbaSharp project.",
            "HymbaSharp runs Hymba language models in C#.",
            "The real model is NVIDIA's Hymba-1.5B-Instruct.",
            "The command hymba pull nvidia/Hymba-1.5B-Instruct gets the real model.",
            "hymba-demo can answer questions about a text, call tools, work out sums and play a role.",
            "hymba-demo was trained from scratch on texts that the HymbaSharp project made itself.",
            "hymba-demo is very small and makes mistakes.",
        ],
        dice.Between(3, 5)));

    private string Asked(Subject subject) =>
        subject.Questions.Length == 1 ? subject.Questions[0]
        : split == Split.HeldOut ? subject.Questions[^1]
        : dice.Pick(subject.Questions[..^1]);

    /// <summary>A question that only a text could answer.</summary>
    private string OpenQuestion() => dice.Pick(
    [
        $"What is the {dice.Pick(Vocabulary.Nouns)} of {_names.Place()}?",
        $"Who is the mayor of {_names.Place()}?",
        $"When was {_names.Person()} born?",
        $"Where does {_names.Person()} live?",
        $"Who runs the {dice.Pick(Vocabulary.Shops)} in {_names.Place()}?",
        $"How many people live in {_names.Place()}?",
        $"What is the capital of {_names.Place()}?",
        $"Who wrote the book {_names.Thing()}?",
    ]);
}
