namespace HymbaSharp.Tokenization;

/// <summary>A tokenizer's files are missing, damaged, or ask for something that is not supported. The message names the file, the key, its value and what is allowed.</summary>
public sealed class TokenizerException : HymbaException
{
    /// <summary>Creates the error with its message.</summary>
    public TokenizerException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the error that caused it.</summary>
    public TokenizerException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
