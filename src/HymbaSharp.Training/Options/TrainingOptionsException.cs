namespace HymbaSharp.Training.Options;

/// <summary>A training run is described wrongly. The message names the option, its value and what is allowed.</summary>
internal sealed class TrainingOptionsException(string message) : HymbaException(message);
