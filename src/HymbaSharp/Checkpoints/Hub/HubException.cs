namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// A checkpoint could not be downloaded, found or removed. The message names what failed (file, host, folder) and what to do about it.
/// </summary>
public sealed class HubException : HymbaException
{
    /// <summary>Creates the error with its message.</summary>
    public HubException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the error that caused it.</summary>
    public HubException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}
