namespace HymbaSharp.CommandLine;

/// <summary>A command line that asks for nothing this tool can do; the message says what it can.</summary>
internal sealed class UsageException(string message) : HymbaException(message);
