namespace HymbaSharp.Training.Logging;

/// <summary>A file of records is wrong. The message names the file, the line and what was expected.</summary>
internal sealed class MetricsException(string message) : HymbaException(message);
