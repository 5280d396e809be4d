namespace HymbaSharp.Training;

/// <summary>A training that cannot begin, or cannot go on; the message says what was wrong and what is allowed.</summary>
public sealed class TrainingException : HymbaException
{
    /// <summary>Creates the error.</summary>
    public TrainingException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with the error that caused it.</summary>
    public TrainingException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
