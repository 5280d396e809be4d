namespace HymbaSharp.Configuration;

/// <summary>A <c>config.json</c> that cannot be read, contradicts itself, or asks for something this library does not compute.</summary>
public sealed class HymbaConfigException : HymbaException
{
    /// <summary>Creates the error; the message names the file, the key, its value and what is supported.</summary>
    public HymbaConfigException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with the error that caused it.</summary>
    public HymbaConfigException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
