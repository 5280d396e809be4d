namespace HymbaSharp.Checkpoints;

/// <summary>A checkpoint that cannot be read or written, or that does not hold what its model needs.</summary>
public sealed class CheckpointException : HymbaException
{
    /// <summary>Creates the error; the message names the file, the tensor and what was expected.</summary>
    public CheckpointException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with the error that caused it.</summary>
    public CheckpointException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
