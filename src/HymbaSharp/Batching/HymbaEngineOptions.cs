namespace HymbaSharp.Batching;

/// <summary>How many sequences an engine runs at once, and what memory they may take.</summary>
public sealed record HymbaEngineOptions
{
    /// <summary>The most sequences that are computed in one step, 1 to the model's rows in a step (512 unless it was opened otherwise). Default 16.</summary>
    public int MaxSequences { get; init; } = 16;

    /// <summary>The most requests that wait for their turn, 0 or more; further ones are refused with <see cref="EngineBusyException"/>. Default 64.</summary>
    public int MaxWaiting { get; init; } = 64;

    /// <summary>
    /// The most bytes that the states of running sequences may take, each counted as it will be when it is as long as its request allows. A request
    /// waits until there is room. Above 0; default null: as much as <see cref="MaxSequences"/> of the model's whole context, but no more than half of the memory available.
    /// </summary>
    public long? StateBytes { get; init; }

    /// <summary>The most bytes of the states kept for prompts that begin alike, 0 or more; 0 keeps none. Default null: a quarter of <see cref="StateBytes"/>.</summary>
    public long? PrefixBytes { get; init; }

    /// <summary>
    /// Rows that prompts may take in a step in which others decode, 1 or more: fewer keep the others' pace, more read prompts sooner. Default 64.
    /// </summary>
    public int PromptRows { get; init; } = 64;

    internal void Validate(HymbaModel model)
    {
        Check(nameof(MaxSequences), MaxSequences, 1, model.Forward.MaxRows);
        Check(nameof(MaxWaiting), MaxWaiting, 0, 1_000_000);
        Check(nameof(PromptRows), PromptRows, 1, HymbaModelOptions.MaxPrefillRows);
        if (StateBytes is { } state)
            Check(nameof(StateBytes), state, 1, long.MaxValue);
        if (PrefixBytes is { } prefix)
            Check(nameof(PrefixBytes), prefix, 0, long.MaxValue);
    }

    private static void Check(string name, long value, long least, long most)
    {
        if (value < least || value > most)
            throw new EngineOptionsException($"{name} is {value}; allowed are {least} to {most}.");
    }
}

/// <summary>An option of <see cref="HymbaEngineOptions"/> lies outside what is allowed.</summary>
public sealed class EngineOptionsException : HymbaException
{
    internal EngineOptionsException(string message) : base(message)
    {
    }
}
