namespace HymbaSharp.Training.Data;

/// <summary>Data can't be trained on. The message says which file and lines, what is wrong with them and what is allowed.</summary>
public sealed class TrainingDataException : HymbaException
{
    /// <summary>Creates the error with its message.</summary>
    public TrainingDataException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the error that caused it.</summary>
    public TrainingDataException(string message, Exception innerException) : base(message, innerException)
    {
    }

    internal TrainingDataException(string message, DataReport report) : base(message) => Report = report;

    /// <summary>What was read, where the files were read to their end.</summary>
    public DataReport? Report { get; }
}
