namespace HymbaSharp.Checkpoints.Hub;

/// <summary>A failure that may pass when the request is repeated. It never leaves this folder: what remains after the last retry becomes a <see cref="HubException"/>.</summary>
internal sealed class TransientException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>How long the server asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How many missing bytes the failed attempt brought all the same.</summary>
    public long Gained { get; set; }
}
