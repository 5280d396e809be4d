namespace HymbaSharp.Demo.Evaluation;

/// <summary>What is right of a reply.</summary>
/// <param name="IsRight">All that its measure asks for.</param>
internal readonly record struct Verdict(bool IsRight)
{
    /// <summary>Of a tool call: it is one call, readable, with nothing beside it.</summary>
    public bool IsValidCall { get; init; }

    /// <summary>Of a tool call: it names the right tool.</summary>
    public bool IsRightTool { get; init; }
}
