namespace HymbaSharp.Generation;

/// <summary>
/// Generation cannot go on: no token can be chosen from the logits, or a saved sampler state does not fit. The message says which
/// and what is allowed.
/// </summary>
public sealed class GenerationException : HymbaException
{
    internal GenerationException(string message) : base(message)
    {
    }
}
