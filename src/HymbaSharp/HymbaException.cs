namespace HymbaSharp;

/// <summary>
/// The base of every error that input can cause: a file, a configuration, a template, an option. The message says what was
/// wrong and what is allowed. Errors of another type are defects of this library or of the calling code.
/// </summary>
public abstract class HymbaException : Exception
{
    /// <summary>Creates the error with its message.</summary>
    protected HymbaException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the error that caused it.</summary>
    protected HymbaException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}
