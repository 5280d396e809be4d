namespace HymbaSharp.State;

/// <summary>More tokens than the context holds.</summary>
public sealed class ContextLengthException : HymbaException
{
    internal ContextLengthException(int used, int asked, int limit)
        : base($"The context holds {limit} tokens; {used} are used and {asked} more were given.")
    {
        Used = used;
        Limit = limit;
    }

    /// <summary>Tokens used before.</summary>
    public int Used { get; }

    /// <summary>Tokens the context holds.</summary>
    public int Limit { get; }
}
