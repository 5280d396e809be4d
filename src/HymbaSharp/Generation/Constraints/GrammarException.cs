namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// A grammar cannot be made or followed: a schema, a regular expression or a GBNF text has a mistake, asks for what is not supported or is beyond a
/// limit. The message says what was wrong, where, and what is allowed.
/// </summary>
public sealed class GrammarException : HymbaException
{
    internal GrammarException(string message) : base(message)
    {
    }
}
