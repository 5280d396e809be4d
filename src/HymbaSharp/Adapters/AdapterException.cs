namespace HymbaSharp.Adapters;

/// <summary>An adapter that cannot be read, does not fit its model, or asks for something this library does not compute.</summary>
public sealed class AdapterException : HymbaException
{
    /// <summary>Creates the error; the message names the file, the key or tensor and what was expected.</summary>
    public AdapterException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with the error that caused it.</summary>
    public AdapterException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
