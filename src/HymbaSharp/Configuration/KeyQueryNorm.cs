namespace HymbaSharp.Configuration;

/// <summary>The norm on queries and keys before their rotation (<c>kq_norm</c>).</summary>
public enum KeyQueryNorm
{
    /// <summary>No norm.</summary>
    None,

    /// <summary>RMSNorm over each head with one weight vector shared by all heads.</summary>
    Rms,

    /// <summary>RMSNorm over each head with a weight vector per head.</summary>
    PerHeadRms,
}
