namespace HymbaSharp.Training.Data;

/// <summary>Two replies to one prompt, of which one is preferred. Both sequences begin with the prompt; only the reply is learned.</summary>
/// <param name="Chosen">Prompt and preferred reply.</param>
/// <param name="Rejected">Prompt and the other reply.</param>
public sealed record PreferencePair(TrainingExample Chosen, TrainingExample Rejected);
