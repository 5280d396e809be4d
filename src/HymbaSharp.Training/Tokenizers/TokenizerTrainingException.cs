namespace HymbaSharp.Training.Tokenizers;

/// <summary>A vocabulary cannot be trained as the options and the corpus ask, or cannot be written. The message says what was wrong and what is allowed.</summary>
public sealed class TokenizerTrainingException : HymbaException
{
    /// <summary>Creates the error with its message.</summary>
    public TokenizerTrainingException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the error that caused it.</summary>
    public TokenizerTrainingException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
