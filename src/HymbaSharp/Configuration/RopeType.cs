namespace HymbaSharp.Configuration;

/// <summary>How queries and keys are rotated by position (<c>rope</c> and <c>rope_type</c>).</summary>
public enum RopeType
{
    /// <summary>No rotation: <c>rope</c> is false.</summary>
    None,

    /// <summary>The base is <c>rope_theta</c> at every length.</summary>
    Default,

    /// <summary>The base is stretched once, for <c>max_position_embeddings</c>.</summary>
    Ntk,

    /// <summary>The plain base up to <c>orig_max_position_embeddings</c>, then stretched for the current length.</summary>
    DynamicNtk,
}
