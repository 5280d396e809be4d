using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Demo.Dialogues;

/// <summary>One message of a dialogue.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">What is said.</param>
internal sealed record Line(string Role, string Content)
{
    /// <summary>For a line of the assistant that counts in an evaluation: what it shows.</summary>
    public Measure? Measure { get; init; }

    /// <summary>For a line of the assistant: plausible answers that are wrong.</summary>
    public IReadOnlyList<string> Rejected { get; init; } = [];

    /// <summary>For a line of the assistant whose wording is free: texts that each right answer holds, the first of them at its beginning.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    public static Line System(string content) => new("system", content);

    public static Line User(string content) => new("user", content);

    public static Line Assistant(string content, Measure measure, IReadOnlyList<string>? rejected = null) => new("assistant", content) { Measure = measure, Rejected = rejected ?? [] };

    public static Line Tool(string content) => new("tool", content);

    public ChatMessage ToMessage() => new(Role, Content);
}

/// <summary>A conversation that shows how the assistant is to answer.</summary>
/// <param name="Skill">What it shows.</param>
/// <param name="Lines">Its messages. The last is the assistant's.</param>
internal sealed record Dialogue(Skill Skill, IReadOnlyList<Line> Lines)
{
    /// <summary>Functions that may be called, in OpenAI's schema.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Passages to answer from.</summary>
    public IReadOnlyList<string> Contexts { get; init; } = [];
}

/// <summary>What the model learns to do.</summary>
internal enum Skill
{
    /// <summary>Answers a question from passages.</summary>
    Context,

    /// <summary>Calls one of the tools it was given and tells what came back.</summary>
    Tools,

    /// <summary>Adds and subtracts in steps.</summary>
    Sums,

    /// <summary>Stays in a role that the system gave.</summary>
    Roles,

    /// <summary>Says what it is, and greets.</summary>
    Identity,
}

/// <summary>What one answer shows, each counted by itself.</summary>
internal enum Measure
{
    /// <summary>The value that a passage states.</summary>
    ContextAnswer,

    /// <summary>That no passage states it.</summary>
    ContextAbsent,

    /// <summary>The right call.</summary>
    ToolCall,

    /// <summary>The sentence about a tool's result.</summary>
    ToolAnswer,

    /// <summary>No call where none is needed.</summary>
    NoTool,

    /// <summary>The result of a sum.</summary>
    Sum,

    /// <summary>The marks of a role.</summary>
    Role,

    /// <summary>What the model says of itself.</summary>
    Identity,
}
